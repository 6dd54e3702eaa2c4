package git

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// Committed returns when the commit of a head was made, by its maker's clock.
func (r *Repo) Committed(h Head) (time.Time, error) {
	_, at, err := r.Committer(h)
	return at, err
}

// Committer returns who made the commit of a head and when, by his own word.
func (r *Repo) Committer(h Head) (name string, at time.Time, err error) {
	data, err := r.read(object.Commit, h.Commit)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("reading commit %s: %w", h.Commit, err)
	}
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	_, rest, _ := bytes.Cut(head, []byte("\ncommitter "))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) < 2 {
		return "", time.Time{}, fmt.Errorf("reading commit %s: it has no committer", h.Commit)
	}
	seconds, err := strconv.ParseInt(string(words[len(words)-2]), 10, 64)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("reading commit %s: the committer's time %q is none", h.Commit, words[len(words)-2])
	}
	who, _, _ := bytes.Cut(line, []byte(" <"))
	return string(who), time.Unix(seconds, 0).UTC(), nil
}
