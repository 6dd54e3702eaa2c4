// Package folder reads a directory of the disk into memory, for the plugin as
// a command: Argo CD's own server has unpacked the Application's directory and
// made it the working directory.
//
// It reads through os.Root, so nothing outside of the directory is opened
// whatever it holds; links, devices and whatever else is no plain file are
// refused, and number and sizes of files are bounded as for archives.
package folder

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

const hintDirectory = "the Application's path must be a directory that sluice rendered"

// Read returns the directory at path. It fails on the first entry that breaks
// a rule of the package or a limit; of the limits, Kept, File, Files, Depth
// and Path count.
func Read(ctx context.Context, path string, limits unpack.Limits) (*tree.Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fault.Hintf("run it in the Application's directory", "reading directory: %w", err)
	}
	defer root.Close()
	r := reader{root: root, limits: limits, files: map[string][]byte{}}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || d.IsDir() {
			return err
		}
		return r.file(name, d)
	})
	if err != nil {
		return nil, fmt.Errorf("reading directory: %w", err)
	}
	return tree.FromFiles(r.files)
}

// reader collects the files of one directory.
type reader struct {
	root   *os.Root
	limits unpack.Limits
	files  map[string][]byte
	bytes  int64
}

func (r *reader) file(name string, d fs.DirEntry) error {
	switch {
	case !d.Type().IsRegular():
		return fault.Hintf("a sluice directory holds plain files only; remove it from Git and render again", "%q is no plain file", name)
	case len(r.files) >= r.limits.Files:
		return fault.Hintf(hintDirectory, "it has more than %d files", r.limits.Files)
	case len(name) > r.limits.Path || strings.Count(name, "/") >= r.limits.Depth:
		return fault.Hintf(hintDirectory, "path %.48q... is too long or too deep", name)
	}
	f, err := r.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, r.limits.File+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > r.limits.File {
		return fault.Hintf(hintDirectory, "%q has more than %d bytes", name, r.limits.File)
	}
	if r.bytes += int64(len(data)); r.bytes > r.limits.Kept {
		return fault.Hintf(hintDirectory, "it has more than %d bytes", r.limits.Kept)
	}
	r.files[name] = data
	return nil
}
