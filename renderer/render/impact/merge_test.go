package impact_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// A merge takes of people's files each from the side that changed it, and what
// is rendered from the target.
func TestMerged(t *testing.T) {
	began := files{envFile: []byte("env 1"), fleetFile: []byte("fleet 1"), "catalog/a": []byte("a 1"), "catalog/gone": []byte("gone"),
		"environments/local/rollouts.yaml": []byte("rollouts 1")}
	with := func(f files, name, data string) files {
		out := files{name: []byte(data)}
		for k, v := range f {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	target := with(with(began, "catalog/a", "a 2"), "environments/local/rollouts.yaml", "rollouts 2")
	source := with(with(began, fleetFile, "fleet 2"), "catalog/new", "new")
	delete(source, "catalog/gone")
	merged, err := impact.Merged(target.fs(), began.fs(), source.fs())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{envFile: "env 1", fleetFile: "fleet 2", "catalog/a": "a 2", "catalog/new": "new", "catalog/gone": "",
		"environments/local/rollouts.yaml": "rollouts 2"} {
		if got, err := fs.ReadFile(merged, name); string(got) != want || (err != nil) != (want == "") {
			t.Errorf("Merged() has %s = %q, %v, want %q", name, got, err, want)
		}
	}
	_, err = impact.Merged(with(target, fleetFile, "fleet 3").fs(), began.fs(), source.fs())
	if err == nil || !strings.Contains(err.Error(), fleetFile) || fault.HintOf(err) == "" {
		t.Errorf("Merged() of a file that both changed = %v, want a fault that names it, with a hint", err)
	}
}

// damaged is a file system that cannot be read.
type damaged struct{}

func (damaged) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errDamaged}
}

var errDamaged = errors.New("input/output error")

// A side that cannot be read is not one that has no files.
func TestMergedNeedsAllSides(t *testing.T) {
	for damage := range 3 {
		sides := []fs.FS{files{}.fs(), files{}.fs(), files{}.fs()}
		sides[damage] = damaged{}
		if merged, err := impact.Merged(sides[0], sides[1], sides[2]); !errors.Is(err, errDamaged) {
			t.Errorf("Merged() of sides of which the one at %d is damaged = %v, %v, want its error", damage, merged, err)
		}
	}
}
