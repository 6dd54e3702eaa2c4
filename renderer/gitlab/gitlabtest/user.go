package gitlabtest

import (
	"fmt"
	"net/http"
	"strings"
)

type user struct {
	id   int64
	name string
	s    *Server
}

type token struct {
	user *user
	// expired, with the scope read_api only, and of a user who may not see the project.
	expired, reads, blind bool
}

// Token is how a token is.
type Token int

// States of tokens.
const (
	Good    Token = iota
	Expired       // was good once
	ReadAPI       // has the scope read_api
	Blind         // is of nobody who may see the project
)

// User makes a user and returns a token of his with the scope api.
func (s *Server) User(name string) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &user{id: s.id(), name: name, s: s}
	s.users = append(s.users, u)
	token = fmt.Sprintf("glpat-%s-%d", name, u.id)
	s.tokens[token] = newToken(u)
	return token
}

func newToken(u *user) *token { return &token{user: u} }

// Turn makes a token another.
func (s *Server) Turn(token string, state Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[token]
	t.expired, t.reads, t.blind = state == Expired, state == ReadAPI, state == Blind
}

// named returns a user of the server, who is made if he is not there.
func (s *Server) named(name string) *user {
	for _, u := range s.users {
		if strings.EqualFold(u.name, name) {
			return u
		}
	}
	u := &user{id: s.id(), name: name, s: s}
	s.users = append(s.users, u)
	return u
}

// userAnswer is how lists and authors show a user.
type userAnswer struct {
	ID        int64  `json:"id"`
	Username  string `json:"username"`
	Name      string `json:"name"`
	State     string `json:"state"`
	AvatarURL string `json:"avatar_url"`
	WebURL    string `json:"web_url"`
}

func (u *user) answer() *userAnswer {
	if u == nil {
		return nil
	}
	return &userAnswer{u.id, u.name, u.name, "active", u.s.url + "/avatar.png", u.s.url + u.s.o.Path + "/" + u.name}
}

func (u *user) full() any {
	return struct {
		userAnswer
		Email string `json:"email"`
		Bot   bool   `json:"bot"`
	}{*u.answer(), u.name + "@example.com", false}
}

func (s *Server) listUsers(c *call) {
	if !c.on(http.MethodGet) {
		return
	}
	found := []*userAnswer{}
	for _, u := range s.users {
		if name := c.r.URL.Query().Get("username"); name == "" || strings.EqualFold(name, u.name) {
			found = append(found, u.answer())
		}
	}
	paged(c, found)
}
