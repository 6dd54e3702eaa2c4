package git

import (
	"errors"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Hash names a Git object; String gives 40 hexadecimal digits.
type Hash = object.Hash

// Head is the tip of the branch at one moment. The zero Head is an unborn branch.
type Head struct {
	Commit, Tree Hash
	// Message is the whole message of the commit, trailers included.
	Message string
	// Committer is who made the commit and Committed when, by his own word: a
	// whole second of UTC, zero if the commit does not say.
	Committer string
	Committed time.Time
}

// IsZero reports whether the branch has no commit.
func (h Head) IsZero() bool { return h.Commit.IsZero() }

// Message is a commit message. Lines of Subject and of trailers are folded
// into one; control characters are dropped.
type Message struct {
	Subject, Body string
	Trailers      []Trailer
	// PushOptions, as "ci.skip=true", go with the push of the commit to servers
	// that take such; they are no part of the commit.
	PushOptions []string
}

// Trailer is one "Key: value" line at the end of a message.
type Trailer struct{ Key, Value string }

// Result is what Commit made. When Changed is false the trees were equal and
// nothing was written; Commit and Tree are then those of the base.
type Result struct {
	Changed      bool
	Commit, Tree Hash
	// Objects and Bytes count the new objects and their compressed size.
	Objects int
	Bytes   int64
	// Files counts the files that differ from the base.
	Files tree.Counts

	head    Head
	options []string // of the push
	pending *pending
}

// Head returns the head of the branch once the result is published.
func (r Result) Head() Head { return r.head }

var (
	// ErrMoved is found in the error of a Publish that lost a race: the branch
	// is not at the old head any more. Its class is fault.Retry.
	ErrMoved = errors.New("the branch has moved")
	// ErrRefused is found in the error of a Publish that a hook or a protected
	// branch refused for good. Its class is fault.Person.
	ErrRefused = errors.New("the push was refused")
)
