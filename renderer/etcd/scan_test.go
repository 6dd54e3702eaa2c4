package etcd

import (
	"strings"
	"testing"
)

// A mark differs after every change below its prefixes, and after no other.
func TestMark(t *testing.T) {
	t.Parallel()
	s := open(t)
	mark := func() string {
		t.Helper()
		m, err := s.Mark(t.Context(), "/a/x", "/b")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := mark()
	raw(t, s, "/a/xx", "beside a prefix")
	raw(t, s, "/c/1", "elsewhere")
	if got := mark(); got != before {
		t.Errorf("Mark() = %q after changes elsewhere, want %q", got, before)
	}
	for _, change := range []func(){
		func() { raw(t, s, "/a/x/1", "new") }, func() { raw(t, s, "/a/x/2", "new") }, func() { raw(t, s, "/b/1", "new") },
		func() { raw(t, s, "/a/x/1", "another value") },
		func() { drop(t, s, "/a/x/2") }, // not the newest
		func() { drop(t, s, "/a/x/1") },
		func() { drop(t, s, "/b/1"); raw(t, s, "/b/2", "in its place") },
	} {
		change()
		got := mark()
		if got == before {
			t.Errorf("Mark() = %q after a change, want another", got)
		}
		before = got
	}
	if _, err := s.Mark(t.Context(), "/a", "b/"); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("Mark() of no prefix = %v, want an error", err)
	}
}

func drop(t *testing.T, s *Store, key string) {
	t.Helper()
	if _, err := s.client.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}
