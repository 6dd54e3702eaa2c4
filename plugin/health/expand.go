package health

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// script returns the script that the named source gives for a kind.
func (s sources) script(name, kind string) (string, error) {
	source, err := s.read(name)
	if err != nil {
		return "", err
	}
	text, err := s.expand(source, kind)
	if err != nil {
		return "", fmt.Errorf("expanding %s: %w", name, err)
	}
	return text, nil
}

// read returns the text of a file.
func (s sources) read(name string) (string, error) {
	data, err := fs.ReadFile(s, name)
	return string(data), err
}

// expand replaces every line "--fragments x y" by the code of those fragments,
// each between "-- begin x" and "-- end x", drops the line "--kinds", and writes
// the kind's name for "<Kind>". Fragments cannot name others. Of the comments
// only those at the head stay: argocd-cm has a limit, and a copy for each kind.
func (s sources) expand(source, kind string) (string, error) {
	var b strings.Builder
	head := true
	for line := range strings.Lines(source) {
		switch name, words := instruction(line); name {
		case "":
			if head = head && comment(line); head || !comment(line) {
				b.WriteString(line)
			}
		case "kinds":
		case "fragments":
			for _, word := range words {
				text, err := s.read("fragments/" + word + ".lua")
				if err != nil {
					return "", fmt.Errorf("no fragment %q in plugin/health/fragments", word)
				}
				fmt.Fprintf(&b, "-- begin %[1]s\n%[2]s-- end %[1]s\n", word, code(text))
			}
		default:
			return "", fmt.Errorf("no instruction %q; a comment has a blank after its dashes", "--"+name)
		}
	}
	return strings.ReplaceAll(b.String(), "<Kind>", kind), nil
}

// code returns a fragment without its comments.
func code(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !comment(line) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// comment reports whether a line is nothing else.
func comment(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "--") }

// kinds returns the directories of the kinds that a check in dir is for: those
// of the group dir that its source lists after "--kinds", else dir itself.
func kinds(dir, source string) []string {
	for line := range strings.Lines(source) {
		if name, words := instruction(line); name == "kinds" {
			var dirs []string
			for _, kind := range words {
				dirs = append(dirs, path.Join(dir, kind))
			}
			return dirs
		}
	}
	return []string{dir}
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
