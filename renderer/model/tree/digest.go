package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// Digest returns the digest of a directory's paths and contents, in the form
// "sha256:<64 hex>": the sha256 over one line "<hex sha256 of the file>  <path>"
// for each file in bytewise path order, as `sha256sum` prints them. Empty
// directories do not count.
func Digest(d *Dir) string { return digest(d, func(data []byte) []byte { return data }) }

// SameButLineEnds reports whether digest is that of d with all its lines ended
// in LF, or all in CRLF: then nobody edited it, and a checkout converted it.
func SameButLineEnds(d *Dir, want string) bool {
	unix := func(data []byte) []byte { return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) }
	windows := func(data []byte) []byte { return bytes.ReplaceAll(unix(data), []byte("\n"), []byte("\r\n")) }
	return digest(d, unix) == want || digest(d, windows) == want
}

// digest is Digest of what form makes of each file.
func digest(d *Dir, form func([]byte) []byte) string {
	sum := sha256.New()
	line := make([]byte, 0, 256)
	// Git's tree order, walked depth first, is the bytewise order of the paths.
	_ = d.Walk(func(path string, data []byte) error { // the callback never fails
		file := sha256.Sum256(form(data))
		line = hex.AppendEncode(line[:0], file[:])
		line = append(line, ' ', ' ')
		line = append(line, path...)
		line = append(line, '\n')
		sum.Write(line)
		return nil
	})
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}
