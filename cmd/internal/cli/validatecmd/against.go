package validatecmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// untouched refuses what a merge request must not touch: the rollouts of every
// environment are those of the revision at which it began.
func (o options) untouched(ctx context.Context, root fs.FS) error {
	if o.against == "" {
		return nil
	}
	reader, err := o.at(ctx, o.against)
	if err != nil {
		return fmt.Errorf("reading --against: %w", err)
	}
	defer reader.Close()
	files, err := reader.Files(ctx)
	if err != nil {
		return err
	}
	before, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return err
	}
	was, _ := environments.List(before) // what is wrong there is no matter of the merge request
	is, _ := environments.List(root)    // told already
	names := append(was, is...)
	slices.SortFunc(names, ident.Environment.Compare)
	var faults []error
	for _, name := range slices.Compact(names) {
		file := name.String() + "/" + rollout.File
		a, err1 := content(before, file)
		b, err2 := content(root, file)
		if faults = append(faults, err1, err2); !bytes.Equal(a, b) {
			faults = append(faults, fault.Hintf("take the change out: git checkout "+o.against+" -- "+manifest.Root+"/"+file,
				"checking environment %q: %s is not that of %s: the engine alone writes it", name, rollout.File, fault.Clip(o.against)))
		}
	}
	return errors.Join(faults...)
}

// content returns what a file holds, nothing if it is not there.
func content(root fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
