// Package build turns the pinned modules of a set into programs and keeps
// them in a cache.
//
// A module's programs live in one directory named by a key of everything that
// decides their bytes. The directory appears by one rename when all of it is
// there, so a directory that exists is complete, and an interrupted build
// leaves only a work folder that the next one replaces. Builds of the same
// cache exclude each other through a file lock. Nothing in the source tree is
// changed: go.mod and go.sum are copied and used read-only, so that a digest
// that is not pinned ends the build.
package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
)

// Builder builds what is missing. The zero value of the optional fields works.
type Builder struct {
	// Modules is the folder of the pinned modules.
	Modules string
	// Cache is the folder that the programs are kept in.
	Cache string
	// Nice lowers the priority of compilations, 0 to 19.
	Nice int
	// Progress takes one line for each program and step; nil is silent.
	Progress io.Writer
}

// Programs maps the name of a program, or of a file installed beside it, to its path.
type Programs map[string]string

// Set builds the missing modules of a set and returns where its programs are.
func (b Builder) Set(ctx context.Context, set release.Set) (Programs, error) {
	programs := Programs{}
	for _, m := range set.Modules {
		dir, err := b.module(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("building set %q: %w", set.Name, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("reading the cache of %q: %w", m.Dir, err)
		}
		for _, e := range entries {
			programs[e.Name()] = filepath.Join(dir, e.Name())
		}
	}
	return programs, nil
}

func (b Builder) module(ctx context.Context, m release.Module) (string, error) {
	in, err := b.input(ctx, m)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.Cache, m.Key(in))
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock(ctx, b.Cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	work := filepath.Join(b.Cache, "work", m.Dir)
	if err := b.compile(ctx, m, in, work); err != nil {
		return "", fmt.Errorf("building %q: %w", m.Dir, err)
	}
	if err := os.Rename(filepath.Join(work, "bin"), dir); err != nil {
		return "", fmt.Errorf("moving the programs of %q into the cache: %w", m.Dir, err)
	}
	return dir, os.RemoveAll(work)
}

func (b Builder) input(ctx context.Context, m release.Module) (release.Input, error) {
	gomod, err := os.ReadFile(filepath.Join(b.Modules, m.Dir, "go.mod"))
	if err != nil {
		return release.Input{}, fmt.Errorf("reading the pinned versions: %w", err)
	}
	gosum, err := os.ReadFile(filepath.Join(b.Modules, m.Dir, "go.sum"))
	if err != nil {
		return release.Input{}, fmt.Errorf("reading the pinned digests: %w", err)
	}
	version, err := output(ctx, b.Modules, "env", "GOVERSION")
	if err != nil {
		return release.Input{}, err
	}
	return release.Input{GoMod: gomod, GoSum: gosum, Go: version, OS: runtime.GOOS, Arch: runtime.GOARCH}, nil
}

func (b Builder) compile(ctx context.Context, m release.Module, in release.Input, work string) error {
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clearing the work folder: %w", err)
	}
	bin := filepath.Join(work, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("making the work folder: %w", err)
	}
	for name, data := range map[string][]byte{"go.mod": in.GoMod, "go.sum": in.GoSum} {
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			return fmt.Errorf("copying %s: %w", name, err)
		}
	}
	if m.Patch != nil {
		b.say("%s: fetching and patching the source", m.Dir)
		if err := patch(ctx, m, in.GoMod, work); err != nil {
			return err
		}
	}
	for _, p := range m.Programs {
		if err := b.program(ctx, m, in, work, p); err != nil {
			return err
		}
	}
	return nil
}

func (b Builder) program(ctx context.Context, m release.Module, in release.Input, work string, p release.Program) error {
	start := time.Now()
	bin := filepath.Join(work, "bin")
	c := compilation{
		dir: work, output: filepath.Join(bin, p.Name), pkg: p.Package, nice: b.Nice,
		assignments: m.Assignments(in.GoMod),
		tick: func(packages int) {
			b.say("%s: compiling, %d packages so far, %s", p.Name, packages, time.Since(start).Round(time.Second))
		},
	}
	b.say("%s: compiling", p.Name)
	if err := c.run(ctx); err != nil {
		return fmt.Errorf("compiling %q: %w", p.Name, err)
	}
	for _, link := range p.Links {
		if err := os.Symlink(p.Name, filepath.Join(bin, link)); err != nil {
			return fmt.Errorf("linking %q: %w", link, err)
		}
	}
	b.say("%s: built in %s", p.Name, time.Since(start).Round(time.Second))
	return nil
}

func (b Builder) say(format string, args ...any) {
	if b.Progress != nil {
		fmt.Fprintf(b.Progress, format+"\n", args...)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
