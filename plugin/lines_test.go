package plugin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// whole is a manifest with everything that the checks want, and the forms that
// kustomize prints.
const whole = `apiVersion: apps/v1
data:
  a: "b: c\
    \ d"
  e: |
    f: "g
      h
  i: it's j
    k
kind: X
list:
- a
- b: 'c

    d'
  e:
  - f
metadata:
  annotations:
    argocd.argoproj.io/sync-wave: "3"
    x: "y"
  labels:
    gatorcloud.io/component: z
  name: a
  namespace: b
spec:
  progressDeadlineSeconds: 600
  replicas: 1
  suspend: false
  template:
    spec:
      containers:
      - args:
        - --x=y
        name: a
      nodeSelector:
        a: b
`

// edits are what may happen to a line of a manifest; text is drawn from words.
var edits = map[string]func(line, text string) []string{
	"Drop":    func(string, string) []string { return nil },
	"Double":  func(line, _ string) []string { return []string{line, line} },
	"Deeper":  func(line, _ string) []string { return []string{"  " + line} },
	"Shallow": func(line, _ string) []string { return []string{strings.TrimPrefix(line, "  ")} },
	"Append":  func(line, text string) []string { return []string{line + text} },
	"Value": func(line, text string) []string {
		key, _, _ := strings.Cut(line, ":")
		return []string{key + ": " + text}
	},
	"Key": func(line, text string) []string {
		_, value, _ := strings.Cut(line, ":")
		return []string{indentation(line) + text + ":" + value}
	},
	"Prefix": func(line, text string) []string {
		return []string{indentation(line) + text + strings.TrimLeft(line, " ")}
	},
	"Before":  func(line, text string) []string { return []string{indentation(line) + text, line} },
	"After":   func(line, text string) []string { return []string{line, indentation(line) + text} },
	"Nested":  func(line, text string) []string { return []string{line, indentation(line) + "  " + text} },
	"Odd":     func(line, text string) []string { return []string{line, indentation(line) + " " + text} },
	"Outside": func(line, text string) []string { return []string{line, text} },
	"Repeated": func(line, text string) []string {
		return []string{line, indentation(line) + "- " + text, indentation(line) + "  " + line}
	},
}

var words = []string{"", " ", "a", "a:", "a: b", "a: \"b", "a: 'b", "b\"", "b'", "\"", "'", "\"a\"", "'a'", "'a'''", "\"\\x41\"", "\"\\/\"", "\\", "a #b: \"c", "# c", " # c", "#", "a # c: d",
	"|", "a: |", ">-", "a: |2", "|1", "{}", "{", "}", "[a,", "]", "&x", "&x ", "*x", "!t ", "!!str ", "- ", "-", "- a", "- a: b", "- - a", "- \"a", "- |", "- a: |", "? ", "? a", ": a", "---", "...", "--- # a", "%a",
	"kind", "kind: Y", "name: c", "metadata:", "spec:", "labels: {}", "nodeSelector:", "replicas: 2", "\"name\": c", "~", "null", "<<", "<<: {}", ".inf", "0x1", "yes", "\t", "\r", "\ufeff", "\u2028", "\x00", "é"}

func indentation(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " "))] }

// Whatever happens to the lines of a manifest, it is read as the YAML library
// reads it.
func TestScanAgreesOnEdits(t *testing.T) {
	names := slices.Sorted(maps.Keys(edits))
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.Split(whole, "\n")
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			edit := edits[rapid.SampledFrom(names).Draw(t, "edit")]
			lines = slices.Replace(lines, at, at+1, edit(lines[at], rapid.SampledFrom(words).Draw(t, "text"))...)
		}
		checkScan(t, []byte(strings.Join(lines, "\n")))
	})
}
