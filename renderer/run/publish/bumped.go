package publish

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Bumped is the Did of a move that is a person's bump: what they want, before
// any ring is granted it.
const Bumped = "bumped"

// BumpsOf returns what a commit of `sluice bump` wants in an environment, which
// its title ends with. Like MovesOf it is for people.
func BumpsOf(h git.Head, env ident.Environment) []Moved {
	what, ok := h.Trailer(TrailerBump)
	title := Title(h)
	if !ok || !strings.HasSuffix(title, " in "+env.String()) && !strings.HasSuffix(title, " of "+env.String()) {
		return nil
	}
	var all []Moved
	for one := range strings.SplitSeq(what, ",") {
		all = append(all, Moved{Rollout: strings.TrimSpace(one), Did: Bumped, Reason: title})
	}
	return all
}

// Title returns the first line of a commit's message.
func Title(h git.Head) string {
	title, _, _ := strings.Cut(h.Message, "\n")
	return strings.TrimSpace(title)
}

// Merged returns the title of the merge request whose merge a commit is, and
// its number as people write it; false for any other commit.
func Merged(h git.Head) (title, number string, ok bool) {
	text, number, ok := strings.Cut(h.Message, "\n\nSee merge request ")
	if !ok || !strings.HasPrefix(text, "Merge branch ") {
		return "", "", false
	}
	_, text, _ = strings.Cut(text, "\n\n")
	title, _, _ = strings.Cut(text, "\n")
	number, _, _ = strings.Cut(number, "\n")
	if i := strings.LastIndexByte(number, '!'); i >= 0 {
		number = number[i:]
	}
	return strings.TrimSpace(title), strings.TrimSpace(number), true
}
