package stencil

import (
	"bytes"
	"maps"
	"slices"
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

// New returns the form of the overlay that the renderer writes of a spec,
// parameters and a base, as Read would of what it writes.
func New(spec manifest.KustomizationSpec, parameters map[string]string, base *tree.Dir) (Form, bool) {
	f := Form{Spec: spec, Base: base, Keys: slices.AppendSeq(make([]string, 0, len(parameters)), maps.Keys(parameters))}
	slices.Sort(f.Keys)
	f.Values = make([]string, 0, len(f.Keys))
	for _, k := range f.Keys {
		if !manifest.IsParameterName(k) {
			return f, false
		}
		f.Values = append(f.Values, parameters[k])
	}
	return f, base != nil && plainState(spec.State)
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
	v, _ := manifest.Unquote(line)
	return v
}

// readParameters takes the data out of a ConfigMap of parameters.
func (f *Form) readParameters(data []byte) (ok bool) {
	f.Keys, f.Values, ok = manifest.ReadParameters(data)
	return ok
}
