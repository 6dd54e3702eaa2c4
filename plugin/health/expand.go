package health

import (
	"fmt"
	"strings"
)

// expand returns the script that a source gives: every line "--fragments x y"
// becomes the text of those fragments, each between "-- begin x" and "-- end x".
// Fragments are taken as they are and cannot name others.
func expand(source string) (string, error) {
	var b strings.Builder
	for line := range strings.Lines(source) {
		switch name, words := instruction(line); name {
		case "":
			b.WriteString(line)
		case "fragments":
			for _, word := range words {
				text, err := sources.ReadFile("fragments/" + word + ".lua")
				if err != nil {
					return "", fmt.Errorf("no fragment %q in plugin/health/fragments", word)
				}
				fmt.Fprintf(&b, "-- begin %[1]s\n%[2]s-- end %[1]s\n", word, text)
			}
		default:
			return "", fmt.Errorf("no instruction %q; a comment has a blank after its dashes", "--"+name)
		}
	}
	return b.String(), nil
}

// instruction splits a line "--name word ..."; the name of any other line is
// empty. A blank after the dashes makes a comment.
func instruction(line string) (name string, words []string) {
	rest, ok := strings.CutPrefix(line, "--")
	words = strings.Fields(rest)
	if !ok || len(words) == 0 || !strings.HasPrefix(rest, words[0]) {
		return "", nil
	}
	return words[0], words[1:]
}
