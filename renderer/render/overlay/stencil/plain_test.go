package stencil

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// asKustomize writes {k: v} the way kustomize writes objects.
func asKustomize(t *testing.T, v string, tag string, style yaml.Style) string {
	t.Helper()
	h := hole{path: []step{{key: "k"}}, tag: tag, style: style}
	text, err := h.alone(yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Style: style, Value: v})
	if err != nil {
		return "error: " + err.Error()
	}
	return text
}

// checkPlain compares the classes with the encoders.
func checkPlain(t *testing.T, v string) {
	t.Helper()
	styles := []yaml.Style{0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle}
	if plain(v) && (strings.IndexByte(v, ' ') < 0 || len(v)+3 <= lineWidth) {
		for _, style := range styles {
			for _, tag := range []string{"", yaml.NodeTagString} {
				if got, want := asKustomize(t, v, tag, style), "k: "+v+"\n"; got != want {
					t.Errorf("plain(%q), but with tag %q and style %d it is written %q", v, tag, style, got)
				}
			}
		}
	}
	if quoted(v) {
		for _, style := range styles {
			if got, want := asKustomize(t, v, yaml.NodeTagString, style), "k: \""+v+"\"\n"; got != want {
				t.Errorf("quoted(%q), but as text it is written %q", v, got)
			}
		}
	}
	if number(v) {
		for _, tag := range []string{"", yaml.NodeTagInt} {
			if got, want := asKustomize(t, v, tag, 0), "k: "+v+"\n"; got != want {
				t.Errorf("number(%q), but with tag %q it is written %q", v, tag, got)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	for v, want := range map[string]bool{
		"info": true, "80Gi": true, "c5cb27eb": true, "5cb27e8b": false, "a b": true, "a:b": true, "/x": true, "http://a.b:80/c": true,
		"": false, "true": false, "Yes": false, "y": false, "null": false, "1.5": false, "2001-12-14": false, "12:30": false, "0x1f": false,
		"a: b": false, "a:": false, "a ": false, "a #b": false, "-a": false, "'a": false, "ü": false, "2001-12-14T21:59:43Z": false,
	} {
		if got := plain(v); got != want {
			t.Errorf("plain(%q) = %v, want %v", v, got, want)
		}
		checkPlain(t, v)
	}
	for v, want := range map[string]bool{"0": true, "13": true, "1000006": true, "007": false, "": false, "-1": false, "1234567890123456": false} {
		if got := number(v); got != want {
			t.Errorf("number(%q) = %v, want %v", v, got, want)
		}
		checkPlain(t, v)
	}
	for v, want := range map[string]bool{"13": true, "1.2": true, "00.10": true, "true": true, "false": true, "1.": false, ".5": false, "1.2.3": false,
		"True": false, "yes": false, "-1.5": false, "1.2e3": false, "1234567.12345678": false, "": false} {
		if got := quoted(v); got != want {
			t.Errorf("quoted(%q) = %v, want %v", v, got, want)
		}
		checkPlain(t, v)
	}
}

// TestPlainShort compares the classes with the encoders for every short text
// of the characters that matter.
func TestPlainShort(t *testing.T) {
	short.Skip(t, "tries every short text")
	const characters = "019aefiInNoOtTuxXyzZ_.:-+,= /~@%"
	var all func(prefix string, n int)
	all = func(prefix string, n int) {
		if plain(prefix) || quoted(prefix) {
			checkPlain(t, prefix)
		}
		if n == 0 {
			return
		}
		for i := range len(characters) {
			all(prefix+characters[i:i+1], n-1)
		}
	}
	all("", 3)
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"info", "80Gi", "13", "2001-12-14T21:59:43Z", "1e3", "a b c", "http://a:1/b", "0o7", "1_0", "190:20:30", "nAn", ".inf"} {
		f.Add(s)
	}
	f.Fuzz(checkPlain)
}

func FuzzRead(f *testing.F) {
	f.Add("namespace: \"a\"\n", "data:\n  a: \"b\"\n")
	f.Fuzz(func(t *testing.T, kustomization, parameters string) {
		form := Form{}
		if form.readKustomization([]byte(kustomization)) && form.readParameters([]byte(parameters)) && len(form.Keys) != len(form.Values) {
			t.Error("keys and values differ in number")
		}
	})
}
