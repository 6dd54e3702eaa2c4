package object

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Signature says who made a commit and when.
type Signature struct {
	Name, Email string
	When        time.Time
}

// CommitData is what a commit holds. Author and committer are the same.
type CommitData struct {
	Tree    Hash
	Parent  Hash   // zero for the first commit
	Parents []Hash // of a commit that was read: all of them; Encode writes Parent only
	Author  Signature
	Message string
	// Committer and Committed are of a commit that was read, by its maker's word:
	// empty if it does not say. Encode writes Author.
	Committer string
	Committed time.Time // a whole second of UTC
	Signed    string    // an armored signature of what Encode returns without it; empty for none
}

// Encode returns the content of the commit object, as git fsck --strict wants
// it: names without angle brackets and line ends, the time in UTC.
func (c CommitData) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	if !c.Parent.IsZero() {
		fmt.Fprintf(&b, "parent %s\n", c.Parent)
	}
	who := c.Author.String()
	fmt.Fprintf(&b, "author %s\ncommitter %s\n", who, who)
	if c.Signed != "" { // a line that goes on begins with a blank
		fmt.Fprintf(&b, "gpgsig %s\n", strings.ReplaceAll(strings.TrimRight(c.Signed, "\n"), "\n", "\n "))
	}
	fmt.Fprintf(&b, "\n%s", c.Message)
	return b.Bytes()
}

// String returns the signature as commits hold it.
func (s Signature) String() string {
	at := max(s.When.Unix(), 0) // Git has no time before 1970
	return fmt.Sprintf("%s <%s> %d +0000", crud(s.Name), crud(s.Email), at)
}

// crud drops what cannot stand in a signature, as Git does.
func crud(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == '<' || r == '>' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return strings.Trim(s, " .,:;\"\\'")
}

// who reads a name and a time; what cannot be read stays empty.
func who(line string) (name string, at time.Time) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return "", time.Time{}
	}
	seconds, err := strconv.ParseInt(words[len(words)-2], 10, 64)
	if err != nil {
		return "", time.Time{}
	}
	name, _, _ = strings.Cut(line, " <")
	return name, time.Unix(seconds, 0).UTC()
}

// DecodeCommit reads a commit; its author and who signed it stay unread.
func DecodeCommit(data []byte) (CommitData, error) {
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	c := CommitData{Message: string(message)}
	for i, line := range strings.Split(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		var err error
		switch {
		case i == 0 && key != "tree":
			return c, fmt.Errorf("reading commit: it begins with %s, want a tree", fault.Clip(key))
		case i == 0:
			c.Tree, err = Parse(value)
		case key == "parent":
			var parent Hash
			parent, err = Parse(value)
			c.Parents = append(c.Parents, parent)
			c.Parent = c.Parents[0]
		case key == "committer" && c.Committed.IsZero():
			c.Committer, c.Committed = who(value)
		}
		if err != nil {
			return c, fmt.Errorf("reading commit: %w", err)
		}
	}
	return c, nil
}
