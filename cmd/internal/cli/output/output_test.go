package output

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

type row struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Note  string `json:"note,omitempty"`
}

func columns() []Column[row] {
	return []Column[row]{
		{Header: "NAME", Value: func(r row) string { return r.Name }},
		{Header: "TITLE", Value: func(r row) string { return r.Title }},
		{Header: "NOTE", Wide: true, Value: func(r row) string { return r.Note }},
	}
}

func TestPrint(t *testing.T) {
	rows := []row{{"swg-1000006", "a<b", "one"}, {"dsa", "", "ca-init 容器修改"}}
	for name, tc := range map[string]struct {
		reason string
		opts   Options
		rows   []row
		want   string
	}{
		"Table": {"an empty cell is a dash, wide columns stay away", Options{Format: Table}, rows,
			"NAME          TITLE\nswg-1000006   a<b\ndsa           -\n"},
		"ZeroValue": {"the zero options print a table", Options{}, rows[:1], "NAME          TITLE\nswg-1000006   a<b\n"},
		"Wide": {"all columns", Options{Format: Wide}, rows,
			"NAME          TITLE   NOTE\nswg-1000006   a<b     one\ndsa           -       ca-init 容器修改\n"},
		"NoHeaders": {"rows only", Options{NoHeaders: true}, rows[:1], "swg-1000006   a<b\n"},
		"Name":      {"first column without header", Options{Format: Name}, rows, "swg-1000006\ndsa\n"},
		"JSON": {"rows as they are, < not escaped", Options{Format: JSON}, rows[:1],
			"[\n  {\n    \"name\": \"swg-1000006\",\n    \"title\": \"a<b\",\n    \"note\": \"one\"\n  }\n]\n"},
		"JSONEmpty": {"an empty list is a list", Options{Format: JSON}, nil, "[]\n"},
		"YAML":      {"rows as they are", Options{Format: YAML}, rows[1:], "- name: dsa\n  note: ca-init 容器修改\n"},
		"YAMLEmpty": {"an empty list is a list", Options{Format: YAML}, nil, "[]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Print(&b, tc.opts, tc.rows, columns()); err != nil {
				t.Fatalf("Print: %v", err)
			}
			if diff := cmp.Diff(tc.want, b.String()); diff != "" {
				t.Errorf("%s: Print (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestPrintAlignsWideCharacters(t *testing.T) {
	var b bytes.Buffer
	rows := []row{{Name: "容器", Title: "x"}, {Name: "abcd", Title: "x"}, {Name: "e\u0301", Title: "x"}}
	if err := Print(&b, Options{NoHeaders: true}, rows, columns()); err != nil {
		t.Fatal(err)
	}
	want := "容器   x\nabcd   x\ne\u0301      x\n"
	if got := b.String(); got != want {
		t.Errorf("Print = %q, want %q", got, want)
	}
}

func TestPrintEscapesWhatATerminalObeys(t *testing.T) {
	var b bytes.Buffer
	rows := []row{{Name: "a\x1b[2Jb\nc\td\u202e\x00"}}
	if err := Print(&b, Options{Format: Name}, rows, columns()); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), `a\x1b[2Jb\nc\td\u202e\x00`+"\n"; got != want {
		t.Errorf("Print = %q, want %q", got, want)
	}
}

func TestFlags(t *testing.T) {
	for name, tc := range map[string]struct {
		args    []string
		allowed []Format
		want    Format
		bad     bool
	}{
		"Default":     {want: Table},
		"Short":       {args: []string{"-o", "json"}, want: JSON},
		"Long":        {args: []string{"--output=wide"}, want: Wide},
		"Unknown":     {args: []string{"-o", "xml"}, bad: true},
		"OwnDefault":  {allowed: []Format{"dot", Table}, want: "dot"},
		"NotAllowed":  {args: []string{"-o", "yaml"}, allowed: []Format{"dot", Table}, bad: true},
		"EmptyIsZero": {args: []string{"-o", ""}, want: Table},
	} {
		t.Run(name, func(t *testing.T) {
			var o Options
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			o.AddFlags(flags, tc.allowed...)
			err := flags.Parse(tc.args)
			if (err != nil) != tc.bad {
				t.Fatalf("Parse(%q) = %v, want error %v", tc.args, err, tc.bad)
			}
			if err == nil && o.Format != tc.want {
				t.Errorf("format = %q, want %q", o.Format, tc.want)
			}
		})
	}
}

func TestParseFormatHint(t *testing.T) {
	_, err := ParseFormat("xml")
	var f *fault.Error
	if !errors.As(err, &f) || !strings.Contains(f.Hint, "table|wide|json|yaml|name") {
		t.Errorf("ParseFormat(xml) = %v, want a hint that lists the formats", err)
	}
}
