package release

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Input is everything that decides the bytes of a module's programs.
type Input struct {
	// GoMod and GoSum are the pinned versions and their digests.
	GoMod, GoSum []byte
	// Go is the version of the Go command, OS and Arch the platform built for.
	Go, OS, Arch string
}

// Key names the cache directory of m's programs: the same key means the same
// programs. It is the directory's name and 12 hexadecimal digits.
func (m Module) Key(in Input) string {
	h := sha256.New()
	// A failed write is impossible and every value below can be encoded.
	_ = json.NewEncoder(h).Encode([]any{in, m.Patch, m.Programs, m.Assignments(in.GoMod)})
	return m.Dir + "-" + hex.EncodeToString(h.Sum(nil))[:12]
}

// Assignments returns the linker's -X values for the version in gomod.
func (m Module) Assignments(gomod []byte) []string {
	if m.Stamp == nil {
		return nil
	}
	return m.Stamp(Version(gomod, m.Main))
}
