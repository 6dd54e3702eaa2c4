package build

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
)

// patch copies the source of m.Main to work/src, changes it, and makes the
// copied go.mod use it. Files of the module cache may not be overlaid, hence
// the copy; the download is checked against the pinned digest first.
func patch(ctx context.Context, m release.Module, gomod []byte, work string) error {
	source, err := download(ctx, work, m.Main+"@"+release.Version(gomod, m.Main))
	if err != nil {
		return err
	}
	src := filepath.Join(work, "src")
	if err := copyTree(source, src, m.Patch.Skip); err != nil {
		return err
	}
	if err := replaceOnce(filepath.Join(src, filepath.FromSlash(m.Patch.File)), m.Patch.Old, m.Patch.New); err != nil {
		return err
	}
	for _, file := range m.Patch.Install {
		from := filepath.Join(src, filepath.FromSlash(file))
		if err := copyFile(from, filepath.Join(work, "bin", path.Base(file))); err != nil {
			return err
		}
	}
	line := fmt.Sprintf("\nreplace %s => ./src\n", m.Main)
	return os.WriteFile(filepath.Join(work, "go.mod"), append(slices.Clone(gomod), line...), 0o644)
}

func download(ctx context.Context, dir, module string) (string, error) {
	out, err := output(ctx, dir, "mod", "download", "-json", module)
	if err != nil {
		return "", err
	}
	var answer struct{ Dir, Error string }
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		return "", fmt.Errorf("reading the answer of go mod download: %w", err)
	}
	if answer.Error != "" || answer.Dir == "" {
		return "", fmt.Errorf("downloading %q: %s", module, answer.Error)
	}
	return answer.Dir, nil
}

func copyTree(from, to string, skip []string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(skip, rel) && entry.IsDir():
			return fs.SkipDir
		case slices.Contains(skip, rel):
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		default:
			return copyFile(name, filepath.Join(to, rel))
		}
	})
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copying source: %w", err)
	}
	// The module cache drops the executable bit; scripts need it back.
	mode := fs.FileMode(0o644)
	if strings.HasSuffix(to, ".sh") {
		mode = 0o755
	}
	if err := os.WriteFile(to, data, mode); err != nil {
		return fmt.Errorf("copying source: %w", err)
	}
	return nil
}

func replaceOnce(file, from, to string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("patching source: %w", err)
	}
	if n := strings.Count(string(data), from); n != 1 {
		return fmt.Errorf("patching %q: %q occurs %d times, want once", filepath.Base(file), from, n)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), from, to, 1)), 0o644); err != nil {
		return fmt.Errorf("patching source: %w", err)
	}
	return nil
}
