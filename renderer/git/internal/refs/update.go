package refs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// lockWait is how long a lock of somebody else is waited for.
const lockWait = time.Second

// Move is one move of a branch.
type Move struct {
	Branch   string
	Old, New object.Hash
	// Who and Why go to the branch's log, where it has one.
	Who object.Signature
	Why string
	// Before runs while the branch is locked and known to be at Old. It stores
	// the objects of New; its error leaves the branch where it is.
	Before func() error
	// At is called with the name of each step before it is done. Tests use it
	// to end the process there; otherwise it is nil.
	At func(step string)
}

// Move moves the branch, or fails with ErrMoved or ErrLocked in its tree.
func (r Refs) Move(ctx context.Context, m Move) error {
	if err := r.move(ctx, m); err != nil {
		return fmt.Errorf("moving branch %q: %w", m.Branch, err)
	}
	return nil
}

func (r Refs) move(ctx context.Context, m Move) error {
	m.at("lock")
	l, err := r.acquire(ctx, m.Branch)
	if err != nil {
		return err
	}
	defer l.release()
	m.at("compare")
	now, err := r.Read(m.Branch)
	if err != nil {
		return err
	}
	if now != m.Old {
		return fmt.Errorf("%w: it is at %s, not at %s", ErrMoved, now, m.Old)
	}
	if m.Old.IsZero() {
		if err := r.checkFree(m.Branch); err != nil {
			return err
		}
	}
	m.at("objects")
	if err := m.Before(); err != nil {
		return err
	}
	m.at("write")
	if err := l.write(m.New.String() + "\n"); err != nil {
		return err
	}
	m.at("log")
	if err := r.log(m); err != nil {
		return err
	}
	m.at("rename")
	if err := l.commit(); err != nil {
		return err
	}
	m.at("done")
	return nil
}

func (m Move) at(step string) {
	if m.At != nil {
		m.At(step)
	}
}

// acquire takes the branch's lock, waiting a little for others.
func (r Refs) acquire(ctx context.Context, branch string) (*lock, error) {
	if err := os.MkdirAll(filepath.Dir(r.path(branch)), 0o777); err != nil {
		return nil, err
	}
	for waited, pause := time.Duration(0), 5*time.Millisecond; ; pause *= 2 {
		l, err := r.tryLock(branch)
		if !errors.Is(err, os.ErrExist) {
			return l, err
		}
		if r.Heal(branch) {
			continue
		}
		if waited += pause; waited > lockWait {
			return nil, fmt.Errorf("%w: %q exists", ErrLocked, r.path(branch)+".lock")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// log appends to the logs of the branch, and of HEAD where it names the
// branch; git creates them, and only existing ones are kept up.
func (r Refs) log(m Move) error {
	line := fmt.Sprintf("%s %s %s\t%s\n", m.Old, m.New, m.Who, m.Why)
	logs := []string{filepath.Join(r.dir, "logs", filepath.FromSlash(heads+m.Branch))}
	if b, err := r.HeadBranch(); err == nil && b == m.Branch {
		logs = append(logs, filepath.Join(r.dir, "logs", "HEAD"))
	}
	for _, path := range logs {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.WriteString(line)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
