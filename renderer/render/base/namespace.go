package base

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/chart"
)

// Charts are rendered once for all tenants, so .Release.Namespace is a mark in
// them, and a replacement writes the tenant's namespace where the mark is. That
// a chart uses the name as it is, and does not cut or hash it, shows when it is
// rendered with another mark, which is as long as a namespace may be.
const (
	namespaceMark = "namespaceoftenant"
	otherMark     = "anothernamespacethatisaslongasanynamespacemaybeinkubernetes1234"
)

// sameBut reports whether two documents differ in their marks only.
func sameBut(a, b chart.Document) bool {
	return a.Template == b.Template && a.Text == strings.ReplaceAll(b.Text, otherMark, namespaceMark)
}

// namespaces removes the mark from metadata.namespace, which the overlay sets,
// and returns the replacements for the other places of o where it is.
func namespaces(o object) ([]replacement, []error) {
	metadata := at(o.fields, "metadata")
	if metadata["namespace"] == namespaceMark {
		delete(metadata, "namespace")
	}
	f := finder{object: o}
	f.find(nil, o.fields)
	return f.found, f.faults
}

// finder collects the places of an object where the mark is.
type finder struct {
	object object
	found  []replacement
	faults []error
}

func (f *finder) find(path []string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if strings.Contains(k, namespaceMark) {
				f.refuse(path, "write it into a value", "the namespace is in the name of a field")
			}
			f.find(append(slices.Clip(path), k), v[k])
		}
	case []any:
		for i, x := range v {
			f.find(append(slices.Clip(path), fmt.Sprint(i)), x)
		}
	case string:
		f.text(path, v)
	}
}

// text makes a replacement for each mark in a text, the last first: what is
// written may itself hold the delimiter of one behind it.
func (f *finder) text(path []string, text string) {
	if !strings.Contains(text, namespaceMark) {
		return
	}
	field := fieldPath(path)
	if hint, why := forbidden("namespace", false, f.object, field); why != "" {
		f.refuse(path, hint, "the chart writes .Release.Namespace there: "+why)
		return
	}
	if text == namespaceMark {
		f.add(field, nil)
		return
	}
	for i := strings.LastIndex(text, namespaceMark); i >= 0; i = strings.LastIndex(text[:i], namespaceMark) {
		d, ok := delimiter(text[:i], text[i+len(namespaceMark):])
		if !ok {
			f.refuse(path, "put the same character before and behind it, as in web.NAMESPACE.svc, or end the text with it", "no replacement can write the namespace into the middle of the text")
			return
		}
		f.add(field, &options{Delimiter: d, Index: strings.Count(text[:i], d)})
	}
}

// fieldPath writes a path as kustomize reads it.
func fieldPath(path []string) string {
	var b strings.Builder
	for i, segment := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strings.ReplaceAll(segment, ".", `\.`))
	}
	return b.String()
}

// delimiter returns what separates a mark from the text before and behind it.
func delimiter(before, behind string) (string, bool) {
	first, _ := utf8.DecodeRuneInString(behind)
	last, _ := utf8.DecodeLastRuneInString(before)
	d := string(first)
	if behind == "" {
		d = string(last)
	}
	if before != "" && behind != "" && first != last || strings.ContainsFunc(d, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return "", false
	}
	return d, true
}

func (f *finder) add(field string, o *options) {
	f.found = append(f.found, replacement{
		Source:  source{Kind: "ConfigMap", Name: "parameters", FieldPath: "data.namespace"},
		Targets: []target{{Select: selector{Group: f.object.group, Kind: f.object.kind, Name: f.object.name}, FieldPaths: []string{field}, Options: o}},
	})
}

func (f *finder) refuse(path []string, hint, why string) {
	f.faults = append(f.faults, fault.Hintf(hint, "%s: field %q: %s", f.object, strings.Join(path, "."), why))
}
