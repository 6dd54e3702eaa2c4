package tree

import (
	"crypto/sha256"
	"encoding/hex"
)

// Digest returns the digest of a directory's paths and contents, in the form
// "sha256:<64 hex>": the sha256 over one line "<hex sha256 of the file>  <path>"
// for each file in bytewise path order, as `sha256sum` prints them. Empty
// directories do not count.
func Digest(d *Dir) string {
	sum := sha256.New()
	line := make([]byte, 0, 256)
	// Git's tree order, walked depth first, is the bytewise order of the paths.
	_ = d.Walk(func(path string, data []byte) error { // the callback never fails
		file := sha256.Sum256(data)
		line = hex.AppendEncode(line[:0], file[:])
		line = append(line, ' ', ' ')
		line = append(line, path...)
		line = append(line, '\n')
		sum.Write(line)
		return nil
	})
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}
