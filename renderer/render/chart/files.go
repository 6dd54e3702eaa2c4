package chart

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"

	"github.com/gobwas/glob"
	helm "helm.sh/helm/v3/pkg/chart"
)

// files are the files of a chart that are no templates, as .Files shows them:
// templates range over the map and call its methods.
type files map[string][]byte

func newFiles(from []*helm.File) files {
	out := files{}
	for _, f := range from {
		out[f.Name] = f.Data
	}
	return out
}

// GetBytes returns a file, nothing when there is none.
func (f files) GetBytes(name string) []byte {
	if data, ok := f[name]; ok {
		return data
	}
	return []byte{}
}

// Get is GetBytes as a text.
func (f files) Get(name string) string { return string(f.GetBytes(name)) }

// maxStars bounds the alternatives of a pattern, which may multiply.
const maxStars = 8

// Glob returns the files that a pattern matches, all for one that is no pattern.
func (f files) Glob(pattern string) (files, error) {
	if n := strings.Count(pattern, "*") + strings.Count(pattern, "{") + strings.Count(pattern, ","); n > maxStars {
		return nil, fmt.Errorf("pattern %.40q has more than %d stars and alternatives", pattern, maxStars)
	}
	g, err := glob.Compile(pattern, '/')
	if err != nil {
		return f, nil //nolint:nilerr // as helm does
	}
	out := files{}
	for name, data := range f {
		if g.Match(name) {
			out[name] = data
		}
	}
	return out, nil
}

// AsConfig returns the files as the data of a ConfigMap, by their base names.
func (f files) AsConfig() string {
	return f.as(func(data []byte) string { return string(data) })
}

// AsSecrets returns the files as the data of a Secret, by their base names.
func (f files) AsSecrets() string { return f.as(base64.StdEncoding.EncodeToString) }

func (f files) as(text func([]byte) string) string {
	if f == nil {
		return ""
	}
	out := map[string]string{}
	for _, name := range sorted(f) { // of two with one base name the last
		out[path.Base(name)] = text(f[name])
	}
	return toYAML(out)
}

// Lines returns the lines of a file without the end of the last.
func (f files) Lines(name string) []string {
	if len(f[name]) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(f[name]), "\n"), "\n")
}
