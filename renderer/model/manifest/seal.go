package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// KeepLineEnds is what to do about a checkout that converts line ends.
const KeepLineEnds = "a checkout converted the line ends: commit a .gitattributes with the lines \"catalog/** -text\" and \"environments/** -text\", and clone again"

const sealKey = "seal: \"sha256:"

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
	body, line := cut(file)
	if !bytes.HasPrefix(line, []byte("seal:")) {
		return nil, fault.Hintf(hint, "checking seal: the file has none")
	}
	if digest, _ := signature(line); !bytes.Equal(Seal(bytes.Clone(body))[len(body):], digest) {
		if unix := bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")); len(unix) < len(file) {
			if _, err := Unseal(unix); err == nil {
				return nil, fault.Hintf(KeepLineEnds, "checking seal: the file has CRLF line ends and was rendered with LF")
			}
		}
		return nil, fault.Hintf(hint, "checking seal: the file was edited after it was rendered")
	}
	return body, nil
}
