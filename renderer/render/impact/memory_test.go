package impact

import (
	"errors"
	"maps"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
)

// counted is a file system that counts what is read.
type counted struct {
	fstest.MapFS
	reads map[string]int
}

func (c counted) ReadFile(name string) ([]byte, error) {
	c.reads[name]++
	return c.MapFS.ReadFile(name)
}

// Each overlay is read once, whatever is asked of it, and the answers are those
// of the files.
func TestVolumesAreReadOnce(t *testing.T) {
	const dir = "environments/local/tenants/06/00/1000006/swg"
	file := func(values map[string]string) *fstest.MapFile {
		return &fstest.MapFile{Data: manifest.Parameters(values)}
	}
	files := fstest.MapFS{
		dir + "/202/parameters.yaml": file(map[string]string{"storage": "80Gi", "storageClass": "fast", "memory": "1Gi"}),
		dir + "/203/parameters.yaml": file(map[string]string{"storage": "20Gi", "auditStorage": "5Gi"}),
	}
	reads := map[string]int{}
	local := ident.Must[ident.EnvironmentKind]("local")
	stored, m := render.NewStored(files, local), remember(render.NewStored(counted{files, reads}, local))
	for _, sizes := range [][]string{{"storage"}, {"auditStorage", "storage"}, nil, {"auditStorage"}} {
		got, err := m.Volumes(dir, sizes)
		want, other := stored.Volumes(dir, sizes)
		if err := errors.Join(err, other); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got.Sizes, want.Sizes) || got.StorageClass != want.StorageClass || len(got.Sizes) != len(sizes) || got.StorageClass != "fast" {
			t.Errorf("Volumes(%q) = %v, want %v with all of them", sizes, got, want)
		}
	}
	if want := map[string]int{dir + "/202/parameters.yaml": 1, dir + "/203/parameters.yaml": 1}; !maps.Equal(reads, want) {
		t.Errorf("Volumes() has read %v, want each file once", reads)
	}
	if got, err := m.Volumes(dir+"x", nil); err != nil || got.Sizes != nil {
		t.Errorf("Volumes() of a folder that is not there = %v, %v", got, err)
	}
}
