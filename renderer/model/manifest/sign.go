package manifest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// A seal proves that nobody edited by hand: who can push can make one. With a
// signature behind the digest, in the same line, it proves that the renderer
// wrote the file, to whom knows the renderer's key. Everybody else reads a
// signed file like any other.
const signatureKey = " ed25519:"

// domain keeps a signature from meaning anything elsewhere.
const domain = "sluice seal v1\n"

// cut divides a file before its last line.
func cut(file []byte) (body, line []byte) {
	if len(file) == 0 {
		return nil, nil
	}
	i := bytes.LastIndexByte(file[:len(file)-1], '\n') + 1
	return file[:i], file[i:]
}

// signature divides a seal line into the line of an unsigned file and the
// signature, which is nil for none.
func signature(line []byte) (seal, sig []byte) {
	before, behind, found := bytes.Cut(line, []byte(signatureKey))
	text, closed := bytes.CutSuffix(behind, []byte("\"\n"))
	if !found || !closed {
		return line, nil
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil || len(sig) != ed25519.SignatureSize {
		return line, nil
	}
	return append(bytes.Clone(before), '"', '\n'), sig
}

// Sign returns a sealed file with a signature of its seal, in place of one that
// it has. A file without a seal stays as it is.
func Sign(file []byte, key ed25519.PrivateKey) []byte {
	if _, err := Unseal(file); err != nil {
		return file
	}
	body, line := cut(file)
	seal, _ := signature(line)
	signed := append(bytes.Clone(body), seal[:len(seal)-2]...)
	signed = append(signed, signatureKey...)
	signed = base64.StdEncoding.AppendEncode(signed, ed25519.Sign(key, append([]byte(domain), seal...)))
	return append(signed, '"', '\n')
}

// Verify refuses a file whose seal none of the keys has signed.
func Verify(file []byte, keys []ed25519.PublicKey) error {
	const hint = "only the renderer's key makes it: render the environment again with --seal-key; after a change of keys the plugin knows both until all is rendered"
	if _, err := Unseal(file); err != nil {
		return err
	}
	_, line := cut(file)
	seal, sig := signature(line)
	if sig == nil {
		return fault.Hintf(hint, "checking seal: it is a digest without a signature")
	}
	for _, key := range keys {
		if ed25519.Verify(key, append([]byte(domain), seal...), sig) {
			return nil
		}
	}
	return fault.Hintf(hint, "checking seal: none of %d keys has signed it", len(keys))
}
