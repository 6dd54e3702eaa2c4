package gitlab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// maxNote is the most bytes of a note: GitLab takes a million, and shows fewer well.
const maxNote = 64 << 10

// prefix begins the hidden line by which a note or a description of ours is
// found again; mark is the whole line, with what it was made of.
func prefix(kind string) string { return "<!-- sluice:" + kind + " " }

func mark(kind, of string) string { return prefix(kind) + of + " -->" }

// stamp says in few characters what a note was made of, and stamped what a note
// of the plan says there.
func stamp(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:8])
}

func stamped(body string) string {
	first, _, _ := strings.Cut(body, "\n")
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(first), prefix(kindPlan)), " -->")
}

// Kinds of what we write.
const (
	kindPlan       = "plan"
	kindSuperseded = "superseded"
	kindBump       = "bump"
)

// noted makes body the text of our only note of a kind in a merge request, and
// keeps what it was made of. A note counts as ours if it begins with the mark and our user wrote it. One
// whose answer was lost is looked for before another call is made, and the
// later ones of two are deleted, which stand there when GitLab was slow with
// the first.
func (p *Project) noted(ctx context.Context, number int64, kind, of, body string) error {
	body = mark(kind, of) + "\n" + cut(body, maxNote)
	doing := fmt.Sprintf("writing the note of merge request !%d", number)
	ours, err := p.ours(ctx, number, prefix(kind))
	if err != nil {
		return err
	}
	if len(ours) == 0 {
		_, _, err := p.api.Notes.CreateMergeRequestNote(p.path, number, &api.CreateMergeRequestNoteOptions{Body: &body}, api.WithContext(ctx))
		if !lost(err) {
			return p.done(doing, err)
		}
		found, bad := p.ours(ctx, number, prefix(kind))
		if bad != nil || len(found) == 0 {
			return p.fault(doing, err)
		}
		ours = found
	}
	for _, extra := range ours[1:] {
		_, err := p.api.Notes.DeleteMergeRequestNote(p.path, number, extra.ID, api.WithContext(ctx))
		if err != nil && !gone(err) {
			return p.fault(doing, err)
		}
	}
	if strings.TrimSpace(ours[0].Body) == strings.TrimSpace(body) {
		return nil
	}
	_, _, err = p.api.Notes.UpdateMergeRequestNote(p.path, number, ours[0].ID, &api.UpdateMergeRequestNoteOptions{Body: &body}, api.WithContext(ctx))
	if gone(err) { // somebody deleted it meanwhile
		return fault.New(fault.Retry, "", "%s: it was deleted meanwhile", doing)
	}
	return p.done(doing, err)
}

// done is fault for a call that may have succeeded.
func (p *Project) done(doing string, err error) error {
	if err == nil {
		return nil
	}
	return p.fault(doing, err)
}

func gone(err error) bool { return code(err) == http.StatusNotFound }

// ours returns the notes that our user wrote and that begin in a way, the oldest first.
func (p *Project) ours(ctx context.Context, number int64, prefix string) ([]*api.Note, error) {
	me, err := p.user(ctx)
	if err != nil {
		return nil, err
	}
	notes := pages(func(l api.ListOptions) ([]*api.Note, *api.Response, error) {
		o := api.ListMergeRequestNotesOptions{ListOptions: l, OrderBy: new("created_at"), Sort: new("asc")}
		return p.api.Notes.ListMergeRequestNotes(p.path, number, &o, api.WithContext(ctx))
	})
	var found []*api.Note
	for n, err := range notes {
		if err != nil {
			return nil, p.fault(fmt.Sprintf("reading the notes of merge request !%d", number), err)
		}
		if n.Author.ID == me && !n.System && strings.HasPrefix(n.Body, prefix) {
			found = append(found, n)
		}
	}
	return found, nil
}

// cut bounds a text at the end of a line.
func cut(text string, most int) string {
	const said = "\n\nThe rest is cut."
	if len(text) <= most {
		return text
	}
	text = text[:most-len(said)]
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end]
	}
	return strings.ToValidUTF8(text, "") + said
}

// quoted returns a foreign text as code on one line, in which GitLab sees
// neither commands nor mentions.
func quoted(text string) string {
	return "`" + strings.ReplaceAll(fault.Line(text), "`", "'") + "`"
}
