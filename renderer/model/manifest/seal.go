package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const sealKey = "seal: \"sha256:"

// sealLen is the length of a seal line: key, 64 hex digits, quote, newline.
const sealLen = len(sealKey) + 2*sha256.Size + 2

// Seal returns body with its seal line appended. The body ends in a newline.
func Seal(body []byte) []byte {
	sum := sha256.Sum256(body)
	body = append(body, sealKey...)
	body = hex.AppendEncode(body, sum[:])
	return append(body, '"', '\n')
}

// Unseal returns the body of a sealed file. It fails when the last line is no
// seal or is not the seal of what precedes it.
func Unseal(file []byte) ([]byte, error) {
	const hint = "files below environments/ are rendered: revert the edit and change the catalog, the fleet or the authorisation"
	if len(file) < sealLen {
		return nil, fault.Hintf(hint, "checking seal: the file has none")
	}
	body := file[:len(file)-sealLen]
	if !bytes.Equal(Seal(bytes.Clone(body)), file) {
		return nil, fault.Hintf(hint, "checking seal: the file was edited after it was rendered")
	}
	return body, nil
}
