package chart

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// load reads a chart as helm reads a directory, .helmignore included, and
// refuses what `helm template` refuses to install.
func load(files *tree.Dir) (*helm.Chart, error) {
	rules, err := ignored(files)
	if err != nil {
		return nil, err
	}
	ch, err := loader.LoadFiles(walk(files, "", rules, nil))
	if err != nil {
		return nil, fault.Hintf("mend the vendored chart", "loading chart: %w", oneLine(err))
	}
	order(ch)
	if t := ch.Metadata.Type; t != "" && t != "application" {
		return nil, fault.Hintf("use an application chart", "chart %q is of type %q", ch.Name(), t)
	}
	for _, d := range ch.Metadata.Dependencies {
		if !slices.ContainsFunc(ch.Dependencies(), func(have *helm.Chart) bool { return have.Name() == d.Name }) {
			return nil, fault.Hintf("vendor it into charts/"+d.Name, "chart %q depends on chart %q, which is not there", ch.Name(), d.Name)
		}
	}
	// helm template leaves them out, helm install does not.
	if crds := ch.CRDObjects(); len(crds) > 0 {
		return nil, fault.Hintf("publish them as an environment-shared component of source kustomize",
			"chart %q holds the custom resource definition %q", ch.Name(), crds[0].Filename)
	}
	return ch, nil
}

// order sorts the charts in ch, which the loader returns as a map gives them.
func order(ch *helm.Chart) {
	subs := slices.Clone(ch.Dependencies())
	slices.SortStableFunc(subs, func(a, b *helm.Chart) int { return strings.Compare(a.Name(), b.Name()) })
	ch.SetDependencies(subs...)
	for _, sub := range subs {
		order(sub)
	}
}

func ignored(files *tree.Dir) (*ignore.Rules, error) {
	rules := ignore.Empty()
	if data, err := files.Read(ignore.HelmIgnore); err == nil {
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, fault.Hintf("mend the file", "reading .helmignore: %w", oneLine(err))
		}
	}
	rules.AddDefaults()
	return rules, nil
}

// walk appends the files below d that the rules keep, in helm's order.
func walk(d *tree.Dir, prefix string, rules *ignore.Rules, kept []*loader.BufferedFile) []*loader.BufferedFile {
	entries := slices.Clone(d.Entries())
	slices.SortFunc(entries, func(a, b tree.Entry) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range entries {
		name := path.Join(prefix, e.Name)
		switch {
		case rules.Ignore(name, info{e}):
		case e.Dir != nil:
			kept = walk(e.Dir, name, rules, kept)
		default:
			data := bytes.TrimPrefix(bytes.Clone(e.Data), []byte("\xef\xbb\xbf"))
			kept = append(kept, &loader.BufferedFile{Name: name, Data: data})
		}
	}
	return kept
}

// info shows an entry to the rules of .helmignore.
type info struct{ entry tree.Entry }

// Name returns the entry's name.
func (i info) Name() string { return i.entry.Name }

// Size returns the length of a file.
func (i info) Size() int64 { return int64(len(i.entry.Data)) }

// Mode returns the mode of a file or a directory.
func (i info) Mode() fs.FileMode {
	if i.entry.Dir != nil {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// ModTime returns the zero time: trees have no clock.
func (info) ModTime() time.Time { return time.Time{} }

// IsDir reports whether the entry is a directory.
func (i info) IsDir() bool { return i.entry.Dir != nil }

// Sys returns nil.
func (info) Sys() any { return nil }
