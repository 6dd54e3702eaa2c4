package git

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// A commit that was pushed but not stored is no damage: whoever reads it hears
// why, and the next fetch brings it without a new clone.
func TestPushedButNotKept(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		err    error
	}{
		"Full":     {"a disk without space", syscall.ENOSPC},
		"ReadOnly": {"a disk that went read-only", syscall.EROFS},
		"Limited":  {"a limit on the size of files", syscall.EFBIG},
	} {
		t.Run(name, func(t *testing.T) {
			server := gittest.New(t)
			server.Write("theirs", "1")
			broken := false
			disk := func(d pack.Disk) pack.Disk { return brokenDisk{d, &broken, tc.err} }
			r, err := open(t.Context(), "file://"+server.Dir, Options{Branch: "main", CacheDir: t.TempDir()}, hooks{disk: disk})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			h := head(t, r)
			marker := filepath.Join(r.backend.(*mirror).dir.path, "marker")
			if err := os.WriteFile(marker, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			tx := r.Begin(h)
			defer tx.Discard()
			putFile(t, tx, "dir/ours", "ours alone")
			res, err := tx.Commit(t.Context(), Message{Subject: "ours"})
			if err != nil {
				t.Fatal(err)
			}
			broken = true
			if err := r.Publish(t.Context(), h, res); err != nil {
				t.Fatalf("Publish() = %v, want nil: the branch moved", err)
			}
			_, err = fs.ReadFile(r.FS(res.Head()), "dir/ours")
			if !errors.Is(err, tc.err) || fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
				t.Errorf("reading = %v of class %v, want %v of class person with a hint: %s", err, fault.ClassOf(err), tc.err, tc.reason)
			}
			if _, err := r.Head(t.Context()); !errors.Is(err, tc.err) || fault.ClassOf(err) != fault.Person {
				t.Errorf("Head() = %v of class %v, want %v of class person", err, fault.ClassOf(err), tc.err)
			}
			broken = false
			if got := files(t, r, head(t, r))["dir/ours"]; got != "ours alone" {
				t.Errorf("dir/ours = %q after the disk is well", got)
			}
			if _, err := os.Stat(marker); err != nil {
				t.Errorf("the mirror was cloned again: %v", err)
			}
		})
	}
}

// brokenDisk does nothing while it is broken.
type brokenDisk struct {
	pack.Disk
	broken *bool
	err    error
}

func (d brokenDisk) fail() error {
	if *d.broken {
		return &os.PathError{Op: "use", Path: "disk", Err: d.err}
	}
	return nil
}

// CreateTemp makes a file.
func (d brokenDisk) CreateTemp(prefix string) (*os.File, error) {
	if err := d.fail(); err != nil {
		return nil, err
	}
	return d.Disk.CreateTemp(prefix)
}

// Write writes.
func (d brokenDisk) Write(f *os.File, b []byte) (int, error) {
	if err := d.fail(); err != nil {
		return 0, err
	}
	return d.Disk.Write(f, b)
}

// Rename renames.
func (d brokenDisk) Rename(from, to string) error {
	if err := d.fail(); err != nil {
		return err
	}
	return d.Disk.Rename(from, to)
}
