package chart

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// source is a template file of a chart with what it is executed on.
type source struct {
	name, base string
	text       string
	scope      map[string]any
}

// sources appends the templates of ch and of the charts in it. It returns the
// scope of ch, which the chart above shows as .Subcharts.
func sources(ch *helm.Chart, above chartutil.Values, out *[]source) map[string]any {
	subs := map[string]any{}
	scope := map[string]any{
		"Chart": struct {
			helm.Metadata
			IsRoot bool
		}{*ch.Metadata, ch.IsRoot()},
		"Files":        newFiles(ch.Files),
		"Release":      above["Release"],
		"Capabilities": above["Capabilities"],
		"Values":       chartutil.Values{},
		"Subcharts":    subs,
	}
	if ch.IsRoot() {
		scope["Values"] = above["Values"]
	} else if own, err := above.Table("Values." + ch.Name()); err == nil {
		scope["Values"] = own
	}
	for _, sub := range ch.Dependencies() {
		subs[sub.Name()] = sources(sub, scope, out)
	}
	root := ch.ChartFullPath()
	library := strings.EqualFold(ch.Metadata.Type, "library")
	for _, t := range ch.Templates {
		if !library || partial(t.Name) { // of a library only partials count
			*out = append(*out, source{path.Join(root, t.Name), path.Join(root, "templates"), string(t.Data), scope})
		}
	}
	return scope
}

// partial reports whether a template is there for others to include only.
func partial(name string) bool { return strings.HasPrefix(path.Base(name), "_") }

// deepestFirst orders templates as helm does: of two definitions of a name the
// later is used, so that a chart overrides those in it.
func deepestFirst(a, b source) int {
	return cmp.Or(cmp.Compare(strings.Count(b.name, "/"), strings.Count(a.name, "/")), strings.Compare(b.name, a.name))
}

// render executes the templates of ch. The keys of the result are their paths.
func render(ctx context.Context, ch *helm.Chart, top chartutil.Values) (map[string]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxTime, &costError{fmt.Sprintf("it takes longer than %s", maxTime)})
	defer cancel()
	m := newMeter(ctx)
	var all []source
	sources(ch, top, &all)
	slices.SortFunc(all, deepestFirst)
	all = slices.CompactFunc(all, func(a, b source) bool { return a.name == b.name })
	set := newSet(m)
	for _, s := range all {
		if _, err := set.parse(s.name, s.text); err != nil {
			return nil, m.explain(s.name, err)
		}
	}
	out := map[string]string{}
	for _, s := range all {
		if partial(s.name) {
			continue
		}
		s.scope["Template"] = chartutil.Values{"Name": s.name, "BasePath": s.base}
		text, err := set.execute(s.name, reflect.ValueOf(chartutil.Values(s.scope)))
		if err != nil {
			return nil, m.explain(s.name, err)
		}
		out[s.name] = said(text)
	}
	return out, nil
}

// set is a number of templates that can include each other.
type set struct {
	*template.Template
	meter *meter
	known template.FuncMap // what texts may call
	size  int
}

// rootName is the name that helm gives to texts that are given to tpl.
const rootName = "gotpl"

func newSet(m *meter) *set {
	s := &set{Template: template.New(rootName), meter: m, known: functions(m)}
	s.Option("missingkey=zero").Funcs(s.known).Funcs(template.FuncMap{
		tickFunc:   func() (string, error) { return "", m.spend(perStep) },
		passFunc:   m.pass,
		showFunc:   m.show,
		methodFunc: m.method,
	})
	return s.bind()
}

// bind makes the functions that execute templates of s known.
func (s *set) bind() *set {
	s.Funcs(template.FuncMap{
		"include": metered(s.meter, shallow, func(name string, data any) (string, error) { return s.execute(name, reflect.ValueOf(data)) }),
		"tpl":     metered(s.meter, shallow, s.tpl),
		templateFunc: func(name string, data ...reflect.Value) (string, error) {
			return s.execute(name, append(data, reflect.Value{})[0])
		},
	})
	return s
}

// parse adds the templates of a text.
func (s *set) parse(name, text string) (*template.Template, error) {
	if len(text) > maxInput {
		return nil, &costError{fmt.Sprintf("a template has %d bytes, at most %d are read", len(text), maxInput)}
	}
	trees, err := parse.Parse(name, text, "", "", s.known, builtins())
	if err != nil {
		if cause, ok := impure(err); ok {
			return nil, cause
		}
		return nil, err
	}
	t := s.New(name)
	for _, tree := range trees {
		if !parse.IsEmptyTree(tree.Root) { // an empty one leaves an older one as it is
			instrument(tree.Root)
			tick(tree.Root)
		}
		if _, err := t.AddParseTree(tree.Name, tree); err != nil {
			return nil, err
		}
		s.size++
	}
	return t, nil
}

// execute returns the text of a template.
func (s *set) execute(name string, data reflect.Value) (string, error) {
	return s.run(s.Lookup(name), name, data)
}

func (s *set) run(t *template.Template, name string, data reflect.Value) (string, error) {
	if t == nil {
		return "", fmt.Errorf("template %q is not defined", name)
	}
	if err := s.meter.enter(); err != nil {
		return "", err
	}
	defer s.meter.leave()
	out := output{meter: s.meter}
	err := t.Execute(&out, data)
	return out.String(), err
}

// said is what helm leaves of a text: the template language writes for nothing
// that there is none.
func said(text string) string { return strings.ReplaceAll(text, "<no value>", "") }

// tpl executes a text as a template. What it defines is known inside it only.
func (s *set) tpl(text string, data any) (string, error) {
	if err := s.meter.spend(len(s.known) + s.size); err != nil {
		return "", err
	}
	clone, err := s.Clone()
	if err != nil {
		return "", err
	}
	inner := (&set{Template: clone.Option("missingkey=zero"), meter: s.meter, known: s.known, size: s.size}).bind()
	t, err := inner.parse(rootName, text)
	if err != nil {
		return "", err
	}
	out, err := inner.run(t, rootName, reflect.ValueOf(data))
	return said(out), err
}
