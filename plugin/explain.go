package plugin

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Explain returns err as people read it in Argo CD and on a terminal: one line
// that says what is wrong, and one with the hint if there is one.
func Explain(err error) string {
	text := "sluice: error: " + oneLine(err.Error())
	if hint := fault.HintOf(err); hint != "" {
		text += "\nsluice: hint: " + oneLine(hint)
	}
	return text
}

// maxLine bounds a line; gRPC carries errors in headers.
const maxLine = 2000

func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "..."
	}
	return s
}
