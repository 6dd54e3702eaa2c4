// Package terminal knows whether people look at an output, and writes over what
// they see.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Is reports whether a stream is a terminal.
func Is(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Screen shows one text after another in the same place. What it shows last
// stays. It is for one goroutine.
type Screen struct {
	out    io.Writer
	height func() int // of the terminal, in lines
	shown  int        // lines
}

// NewScreen returns a screen on a terminal.
func NewScreen(out *os.File) *Screen {
	return &Screen{out: out, height: func() int {
		_, height, err := term.GetSize(int(out.Fd()))
		if err != nil {
			return 24
		}
		return height
	}}
}

// Show replaces what is shown. Lines are cut at the terminal's right edge, and
// those that do not fit above the last are counted.
func (s *Screen) Show(text string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if most := max(s.height()-1, 2); len(lines) > most {
		lines = append(lines[:most-1], fmt.Sprintf("... and %d more", len(lines)-most+1))
	}
	back := ""
	if s.shown > 0 {
		back = fmt.Sprintf("\033[%dA", s.shown)
	}
	s.shown = len(lines)
	_, err := fmt.Fprintf(s.out, "%s\r\033[J\033[?7l%s\n\033[?7h", back, strings.Join(lines, "\n"))
	return err
}
