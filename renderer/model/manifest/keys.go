package manifest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// ParseSealKey reads the key that seals are signed with: PEM as
// `openssl genpkey -algorithm ed25519` writes it.
func ParseSealKey(text []byte) (ed25519.PrivateKey, error) {
	const hint = "make one: openssl genpkey -algorithm ed25519 -out seal.key"
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		return nil, fault.Hintf(hint, "the file is not one PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok { // the error may say what is in it
		return nil, fault.Hintf(hint, "PEM block %q is no ed25519 key", fault.Clip(block.Type))
	}
	return private, nil
}

// ParseSealKeys reads the keys whose seals are trusted: one PEM block each, as
// `openssl pkey -pubout` writes it. There are two while keys change.
func ParseSealKeys(text []byte) ([]ed25519.PublicKey, error) {
	const hint = "write the public half: openssl pkey -in seal.key -pubout"
	var keys []ed25519.PublicKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := key.(ed25519.PublicKey)
		if err != nil || !ok {
			return nil, fault.Hintf(hint, "PEM block %q is no public ed25519 key", fault.Clip(block.Type))
		}
		keys = append(keys, public)
	}
	if len(keys) == 0 {
		return nil, fault.Hintf(hint, "the file holds no key")
	}
	return keys, nil
}
