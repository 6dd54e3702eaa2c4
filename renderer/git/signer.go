package git

import (
	"bytes"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Signer signs commits with an OpenPGP key, so that Argo CD, told the key by a
// project's signatureKeys, takes no others. Signatures say when they were made:
// equal trees give equal commits only without one.
type Signer struct{ key *openpgp.Entity }

// ParseSigner reads an armored private key, as `gpg --armor
// --export-secret-keys` or --export-secret-subkeys prints it; the passphrase
// opens one that has it.
func ParseSigner(armored []byte, passphrase string) (*Signer, error) {
	const hint = "give one private key that may sign, as gpg --armor --export-secret-subkeys prints it"
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		return nil, fault.Hintf(hint, "parsing OpenPGP key: %w", err)
	}
	if len(keys) != 1 || keys[0].PrivateKey == nil {
		return nil, fault.Hintf(hint, "parsing OpenPGP key: %d keys, want one that is private", len(keys))
	}
	if err := keys[0].DecryptPrivateKeys([]byte(passphrase)); err != nil {
		return nil, fault.Hintf("check the passphrase", "opening OpenPGP key: %w", err)
	}
	s := &Signer{keys[0]}
	if err := s.sign(&object.CommitData{}); err != nil { // now rather than at the first change
		return nil, err
	}
	return s, nil
}

// ID returns the long id by which signatureKeys name the key.
func (s *Signer) ID() string { return s.key.PrimaryKey.KeyIdString() }

// sign adds a signature to a commit; without a signer there is none.
func (s *Signer) sign(c *object.CommitData) error {
	if s == nil {
		return nil
	}
	var armored bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&armored, s.key, bytes.NewReader(c.Encode()), nil); err != nil {
		return fault.Hintf("look at its use and its end with gpg --show-keys", "signing with OpenPGP key %s: %w", s.ID(), err)
	}
	c.Signed = armored.String()
	return nil
}
