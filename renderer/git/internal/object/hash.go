// Package object is Git's object model as values: names (hashes), tree
// entries, trees and commits, and their exact encodings.
//
// Encodings are those of git hash-object; nothing here reads a repository.
package object

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Size is the number of bytes of a Hash.
const Size = sha1.Size

// Hash is the name of an object: the SHA-1 of its header and content. The
// standard library's SHA-1 is used because every byte hashed here was either
// made by this process or is named by a repository that its server checked.
type Hash [Size]byte

// String returns the hash as 40 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether h names nothing.
func (h Hash) IsZero() bool { return h == Hash{} }

// Parse returns the hash of 40 hexadecimal digits.
func Parse(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*Size {
		return h, fmt.Errorf("parsing object name %s: want %d hexadecimal digits", fault.Clip(s), 2*Size)
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("parsing object name %s: %w", fault.Clip(s), err)
	}
	return h, nil
}

// Kind is the type of an object, with the numbers that packs use.
type Kind byte

// The kinds of objects.
const (
	Commit Kind = 1
	Tree   Kind = 2
	Blob   Kind = 3
	Tag    Kind = 4
)

// String returns the word of the object header.
func (k Kind) String() string {
	switch k {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	default:
		return fmt.Sprintf("kind %d", byte(k))
	}
}
