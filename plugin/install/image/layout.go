package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// refName is the annotation by which tools find an image in a layout.
const refName = "org.opencontainers.image.ref.name"

// Write builds the image and writes it to the directory dir as an OCI layout
// with the version as its name. An earlier layout there is replaced whole;
// anything else there is left alone and is an error. BillOfMaterials and
// Provenance are written beside it. It returns the digest of the image index.
func Write(dir string, o Options) (v1.Hash, error) {
	index, err := Build(o)
	if err != nil {
		return v1.Hash{}, err
	}
	digest, err := index.Digest()
	if err != nil {
		return v1.Hash{}, fmt.Errorf("writing image %q: %w", o.Version, err)
	}
	if err := replaceable(dir); err != nil {
		return v1.Hash{}, fmt.Errorf("writing image %q: %w", o.Version, err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return v1.Hash{}, fmt.Errorf("writing image %q: %w", o.Version, err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".new-")
	if err != nil {
		return v1.Hash{}, fmt.Errorf("writing image %q: %w", o.Version, err)
	}
	defer os.RemoveAll(fresh) // gone after the rename
	if err := fill(fresh, index, o.Version); err != nil {
		return v1.Hash{}, fmt.Errorf("writing image %q: %w", o.Version, err)
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(fresh, dir)); err != nil {
		return v1.Hash{}, fmt.Errorf("writing image %q: %w", o.Version, err)
	}
	if err := writePapers(dir, o, digest); err != nil {
		return v1.Hash{}, fmt.Errorf("writing papers of image %q: %w", o.Version, err)
	}
	return digest, nil
}

// fill writes a layout whose index.json names the image index by its version.
func fill(dir string, index v1.ImageIndex, version string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	named := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: index, Descriptor: v1.Descriptor{Annotations: map[string]string{refName: version}},
	})
	_, err := layout.Write(dir, named)
	return err
}

// replaceable accepts a directory that is absent, empty or an OCI layout.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return fault.Hintf("name an empty directory or an earlier layout", "directory %q holds something else", dir)
	}
	return nil
}
