package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const module = "github.com/gatorcloud/sluice"

// Root returns the source tree that dir belongs to. A lab builds from source,
// so it runs inside a checkout.
func Root(ctx context.Context, dir string) (string, error) {
	root, err := output(ctx, dir, "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return "", fault.Hintf("run it inside a checkout of "+module, "looking for the source tree: %w", err)
	}
	return root, nil
}

// ModulesDir is the folder of the pinned modules in a source tree.
func ModulesDir(root string) string { return filepath.Join(root, "cmd", "lab", "modules") }

// Own builds a program of the source tree itself into the file. It is never
// cached here: the go command's own cache makes an unchanged program cheap.
func Own(ctx context.Context, root, pkg, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the folder of %q: %w", file, err)
	}
	if _, err := output(ctx, root, "build", "-mod=readonly", "-buildvcs=false", "-o", file, pkg); err != nil {
		return fmt.Errorf("compiling %q: %w", pkg, err)
	}
	return nil
}
