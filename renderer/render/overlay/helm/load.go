package helm

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// load reads a chart as helm reads a directory, .helmignore included.
func load(files *tree.Dir) (*chart.Chart, error) {
	rules, err := ignored(files)
	if err != nil {
		return nil, err
	}
	var kept []*loader.BufferedFile
	if err := walk(files, "", rules, &kept); err != nil {
		return nil, err
	}
	ch, err := loader.LoadFiles(kept)
	if err != nil {
		return nil, fault.Hintf("mend the vendored chart", "loading chart: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	if t := ch.Metadata.Type; t != "" && t != "application" {
		return nil, fault.Hintf("use an application chart", "chart %q is of type %q", ch.Name(), t)
	}
	for _, d := range ch.Metadata.Dependencies {
		if !slices.ContainsFunc(ch.Dependencies(), func(have *chart.Chart) bool { return have.Name() == d.Name }) {
			return nil, fault.Hintf("vendor it, unpacked, into charts/"+d.Name, "chart %q depends on chart %q, which is not there", ch.Name(), d.Name)
		}
	}
	return ch, nil
}

func ignored(files *tree.Dir) (*ignore.Rules, error) {
	rules := ignore.Empty()
	if data, err := files.Read(ignore.HelmIgnore); err == nil {
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, fault.Hintf("mend the file", "reading .helmignore: %w", err)
		}
	}
	rules.AddDefaults()
	return rules, nil
}

// walk collects the files that the rules keep, in helm's order.
func walk(d *tree.Dir, prefix string, rules *ignore.Rules, kept *[]*loader.BufferedFile) error {
	entries := slices.Clone(d.Entries())
	slices.SortFunc(entries, func(a, b tree.Entry) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range entries {
		name := path.Join(prefix, e.Name)
		switch {
		case rules.Ignore(name, info{e}):
		case e.Dir != nil:
			if err := walk(e.Dir, name, rules, kept); err != nil {
				return err
			}
		case path.Ext(name) == ".tgz":
			return fault.Hintf("unpack it", "%q is a packed chart", name)
		default:
			data := bytes.TrimPrefix(bytes.Clone(e.Data), []byte("\xef\xbb\xbf"))
			*kept = append(*kept, &loader.BufferedFile{Name: name, Data: data})
		}
	}
	return nil
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
