package overlay

import (
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Overlay is what the renderer writes an overlay of.
type Overlay struct {
	Spec       manifest.KustomizationSpec
	Parameters map[string]string
	Base       *tree.Dir
}

// Files returns the files of the overlay that say what is built of its base.
func (o Overlay) Files() []tree.Entry {
	return []tree.Entry{
		{Name: "kustomization.yaml", Data: manifest.Kustomization(o.Spec)},
		{Name: "parameters.yaml", Data: manifest.Parameters(o.Parameters)},
	}
}

// dir returns the overlay without the descriptor, of which nothing is built.
func (o Overlay) dir() (*tree.Dir, error) {
	return tree.New(append(o.Files(), tree.Entry{Name: manifest.BaseDir, Dir: o.Base})...)
}
