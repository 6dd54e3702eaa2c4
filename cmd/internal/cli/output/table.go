package output

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// gap is the number of blanks between columns, as in kubectl.
const gap = 3

func printTable[T any](w io.Writer, o Options, rows []T, columns []Column[T]) error {
	shown := make([]Column[T], 0, len(columns))
	for _, c := range columns {
		if !c.Wide || o.Format == Wide {
			shown = append(shown, c)
		}
	}
	lines := make([][]string, 0, len(rows)+1)
	if !o.NoHeaders {
		header := make([]string, len(shown))
		for i, c := range shown {
			header[i] = c.Header
		}
		lines = append(lines, header)
	}
	for _, row := range rows {
		cells := make([]string, len(shown))
		for i, c := range shown {
			cells[i] = cell(c.Value(row))
		}
		lines = append(lines, cells)
	}
	_, err := w.Write(align(lines))
	return err
}

// align pads every cell but a line's last to the width of its column.
func align(lines [][]string) []byte {
	var widths []int
	for _, line := range lines {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(c))
		}
	}
	var b bytes.Buffer
	for _, line := range lines {
		for i, c := range line {
			b.WriteString(c)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-Width(c)+gap))
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// cell returns s as it may be shown on a terminal: on one line, with control
// characters, direction marks and other invisible ones escaped.
func cell(s string) string {
	if s == "" {
		return "-"
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// Width returns the number of terminal cells that s takes. Combining marks
// take none; East Asian wide and fullwidth characters take two.
func Width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case isWide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func isWide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}
