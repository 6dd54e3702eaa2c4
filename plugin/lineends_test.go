package plugin_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// A directory whose line ends a checkout converted was edited by nobody: the
// refusal names the cause.
func TestLineEndsAreNamed(t *testing.T) {
	for level, r := range requests() {
		for name, spares := range map[string]func(path string) bool{
			"All":              func(string) bool { return false },
			"AllButDescriptor": func(path string) bool { return path == manifest.DescriptorFile },
			"BaseAlone":        func(path string) bool { return !strings.HasPrefix(path, manifest.BaseDir+"/") },
		} {
			t.Run(level+"/"+name, func(t *testing.T) {
				files, changed := r.Dir.Files(), false
				for path, data := range files {
					if !spares(path) {
						files[path] = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
						changed = true
					}
				}
				if !changed {
					t.Skip("this level has no base")
				}
				r := r
				var err error
				if r.Dir, err = tree.FromFiles(files); err != nil {
					t.Fatal(err)
				}
				_, err = generator().Generate(t.Context(), r)
				if plugin.ReasonOf(err) != plugin.ReasonSeal || !strings.Contains(err.Error(), "line ends") || !strings.Contains(fault.HintOf(err), ".gitattributes") {
					t.Errorf("Generate = %v with hint %q, want the line ends and .gitattributes named", err, fault.HintOf(err))
				}
			})
		}
	}
}
