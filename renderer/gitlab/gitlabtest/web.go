package gitlabtest

import (
	"fmt"
	"slices"
	"strconv"
)

// MergeRequest is what people see of a merge request.
type MergeRequest struct {
	Number                     int64
	Title, Description, Source string
	State, Head, Commit        string
	Labels, Reviewers          []string
	AutoMerge                  bool
	Notes                      []Note
}

// Note is what people see of a note.
type Note struct{ By, Body string }

// MergeRequests returns all merge requests, the oldest first.
func (s *Server) MergeRequests() []MergeRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	var all []MergeRequest
	for _, m := range s.requests {
		seen := MergeRequest{Number: m.iid, Title: m.title, Description: m.description, Source: m.source, State: m.state, Head: m.sha, Commit: m.commit,
			Labels: slices.Clone(m.labels), AutoMerge: m.auto != ""}
		for _, u := range m.reviewers {
			seen.Reviewers = append(seen.Reviewers, u.name)
		}
		for _, n := range m.notes {
			seen.Notes = append(seen.Notes, Note{n.by.name, n.body})
		}
		all = append(all, seen)
	}
	return all
}

// Open has somebody open a merge request of a branch into main.
func (s *Server) Open(by, title, branch string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.add(s.named(by), title, branch, "main")
	s.tell(m)
	return m.iid
}

// Fork has somebody open one whose branch is a fork's.
func (s *Server) Fork(by, title, branch string) int64 {
	number := s.Open(by, title, branch)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[number-1].fork = true
	return number
}

// Comment has somebody write a note.
func (s *Server) Comment(number int64, by, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(s.requests[number-1], s.named(by), body)
}

// Rename has somebody give a merge request another title.
func (s *Server) Rename(number int64, title string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[number-1].title = title
}

// Shut has somebody close a merge request unmerged.
func (s *Server) Shut(number int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.requests[number-1]
	m.state, m.closedAt = "closed", s.moment()
	s.tell(m)
}

// Merge has somebody press the button.
func (s *Server) Merge(number int64, by string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.numbered(strconv.FormatInt(number, 10))
	if m == nil || m.state != "opened" {
		return fmt.Errorf("merge request !%d is not open", number)
	}
	return s.merge(m, s.named(by))
}

// Revert has somebody revert a merged one: a branch, and a merge request of it.
func (s *Server) Revert(number int64, by string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.numbered(strconv.FormatInt(number, 10))
	if m == nil || m.state != "merged" {
		return 0, fmt.Errorf("merge request !%d is not merged", number)
	}
	commit, err := s.git.revert(m.target, m.commit)
	if err != nil {
		return 0, err
	}
	branch := "revert-" + m.commit[:8]
	if err := s.git.move("refs/heads/"+branch, commit, ""); err != nil {
		return 0, err
	}
	made := s.add(s.named(by), fmt.Sprintf("Revert %q", m.title), branch, m.target)
	s.tell(made)
	return made.iid, nil
}
