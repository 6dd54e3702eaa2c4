package stencil

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Form is what a rendered overlay consists of besides its base.
type Form struct {
	Spec manifest.KustomizationSpec
	// Keys are the names of the parameters in sorted order, Values theirs.
	Keys, Values []string
	Base         *tree.Dir
}

// Read returns the form of a directory whose files are, byte for byte, what
// the renderer writes; all else is no rendered overlay.
func Read(dir *tree.Dir) (Form, bool) {
	var f Form
	var kustomization, parameters []byte
	for _, e := range dir.Entries() {
		switch {
		case e.Name == "base" && e.Dir != nil:
			f.Base = e.Dir
		case e.Name == "kustomization.yaml" && e.Dir == nil:
			kustomization = e.Data
		case e.Name == "parameters.yaml" && e.Dir == nil:
			parameters = e.Data
		case e.Name != "sluice.yaml":
			return f, false
		}
	}
	ok := f.Base != nil && f.readKustomization(kustomization) && f.readParameters(parameters)
	return f, ok
}

// readKustomization takes the three strings out of a kustomization and asks
// the writer whether they make the same file.
func (f *Form) readKustomization(data []byte) bool {
	s := string(data)
	f.Spec.Namespace = quotedAfter(s, "\nnamespace: ")
	f.Spec.Tenant = quotedAfter(s, "\n    "+manifest.LabelTenant+": ")
	if _, after, ok := strings.Cut(s, "\n- base/"); ok {
		f.Spec.State, _, _ = strings.Cut(after, "\n")
	}
	return plainState(f.Spec.State) && bytes.Equal(data, manifest.Kustomization(f.Spec))
}

// plainState reports whether s is a word of lower-case letters.
func plainState(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != ""
}

// quotedAfter returns the quoted string after prefix, "" if there is none.
func quotedAfter(s, prefix string) string {
	_, after, ok := strings.Cut(s, prefix)
	if !ok {
		return ""
	}
	line, _, _ := strings.Cut(after, "\n")
	v, _ := unquote(line)
	return v
}

// unquote returns the value of a double-quoted string as the writer quotes it.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1], true
	}
	v, err := strconv.Unquote(s)
	return v, err == nil
}

// readParameters takes the data out of a ConfigMap of parameters and asks the
// writer whether it makes the same file.
func (f *Form) readParameters(data []byte) bool {
	_, rest, ok := strings.Cut(string(data), "\ndata:\n")
	values := make(map[string]string, 24)
	for ok && rest != "" {
		var line, key, quoted string
		if line, rest, ok = strings.Cut(rest, "\n"); !ok {
			return false
		}
		if key, quoted, ok = strings.Cut(strings.TrimPrefix(line, "  "), ": "); !ok {
			return false
		}
		var v string
		if v, ok = unquote(quoted); !ok || !plainKey(key) {
			return false
		}
		f.Keys, f.Values = append(f.Keys, key), append(f.Values, v)
		values[key] = v
	}
	return bytes.Equal(data, manifest.Parameters(values))
}

// plainKey reports whether k has the form of a parameter's name.
func plainKey(k string) bool {
	for i := range len(k) {
		c := k[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return k != ""
}
