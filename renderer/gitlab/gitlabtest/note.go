package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

type note struct {
	id            int64
	body          string
	by            *user
	made, changed time.Time
}

type noteAnswer struct {
	ID           int64       `json:"id"`
	Type         *string     `json:"type"`
	Body         string      `json:"body"`
	Author       *userAnswer `json:"author"`
	CreatedAt    time.Time   `json:"created_at"`
	UpdatedAt    time.Time   `json:"updated_at"`
	System       bool        `json:"system"`
	NoteableID   int64       `json:"noteable_id"`   //nolint:misspell // GitLab spells it so
	NoteableType string      `json:"noteable_type"` //nolint:misspell // GitLab spells it so
	NoteableIID  int64       `json:"noteable_iid"`  //nolint:misspell // GitLab spells it so
	ProjectID    int64       `json:"project_id"`
	Resolvable   bool        `json:"resolvable"`
	Confidential bool        `json:"confidential"`
	Internal     bool        `json:"internal"`
}

func (n *note) answer(m *mergeRequest) noteAnswer {
	return noteAnswer{ID: n.id, Body: n.body, Author: n.by.answer(), CreatedAt: n.made, UpdatedAt: n.changed,
		NoteableID: m.id, NoteableType: "MergeRequest", NoteableIID: m.iid, ProjectID: project}
}

// notes routes what is below a merge request's notes.
func (s *Server) notes(c *call, m *mergeRequest, parts []string) {
	if len(parts) == 0 {
		if c.r.Method == http.MethodPost {
			s.write(c, m)
		} else {
			s.listNotes(c, m)
		}
		return
	}
	i := slices.IndexFunc(m.notes, func(n *note) bool { return strconv.FormatInt(n.id, 10) == parts[0] })
	if i < 0 || len(parts) > 1 {
		c.refuse(http.StatusNotFound, "404 Not found")
		return
	}
	n := m.notes[i]
	if c.r.Method != http.MethodGet && n.by != c.by {
		c.refuse(http.StatusForbidden, "403 Forbidden")
		return
	}
	switch c.r.Method {
	case http.MethodDelete:
		m.notes = slices.Delete(m.notes, i, i+1)
		c.w.WriteHeader(http.StatusNoContent)
	case http.MethodPut:
		if body, ok := c.noteBody(); ok {
			n.body, n.changed = body, s.moment()
			c.answer(http.StatusOK, n.answer(m))
		}
	default:
		c.answer(http.StatusOK, n.answer(m))
	}
}

// noteBody returns the text of a note, or refuses it.
func (c *call) noteBody() (string, bool) {
	if !c.read() {
		return "", false
	}
	body, _ := c.text("body")
	if body == "" {
		c.answer(http.StatusBadRequest, map[string]string{"error": "body is missing"})
		return "", false
	}
	return body, !c.tooLong("note", body, c.s.o.MaxNote)
}

func (s *Server) write(c *call, m *mergeRequest) {
	if body, ok := c.noteBody(); ok {
		c.answer(http.StatusCreated, s.note(m, c.by, body).answer(m))
	}
}

func (s *Server) note(m *mergeRequest, by *user, body string) *note {
	now := s.moment()
	n := &note{s.id(), body, by, now, now}
	m.notes = append(m.notes, n)
	return n
}

func (s *Server) listNotes(c *call, m *mergeRequest) {
	all := []noteAnswer{}
	for _, n := range m.notes {
		all = append(all, n.answer(m))
	}
	if c.r.URL.Query().Get("sort") != "asc" {
		slices.Reverse(all)
	}
	paged(c, all)
}
