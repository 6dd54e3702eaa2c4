package terminal

import (
	"bytes"
	"os"
	"testing"
)

// TestScreen writes over what it showed, and no more than fits.
func TestScreen(t *testing.T) {
	var out bytes.Buffer
	s := &Screen{out: &out, height: func() int { return 4 }}
	for _, step := range []struct{ text, want string }{
		{"a\nb\n", "\r\033[J\033[?7la\nb\n\033[?7h"},
		{"c\n", "\033[2A\r\033[J\033[?7lc\n\033[?7h"},
		{"1\n2\n3\n4\n5\n", "\033[1A\r\033[J\033[?7l1\n2\n... and 3 more\n\033[?7h"},
		{"1\n2\n3\n", "\033[3A\r\033[J\033[?7l1\n2\n3\n\033[?7h"},
	} {
		out.Reset()
		if err := s.Show(step.text); err != nil || out.String() != step.want {
			t.Errorf("Show(%q) wrote %q, %v, want %q", step.text, out.String(), err, step.want)
		}
	}
}

// TestNoTerminal: a file, the null device and a buffer are none.
func TestNoTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, stream := range []any{null, &bytes.Buffer{}, nil} {
		if Is(stream) {
			t.Errorf("Is(%v) = true, want false", stream)
		}
	}
}
