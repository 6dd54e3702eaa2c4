package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// nothing is the memory of an environment that was never rendered.
type nothing struct{}

func (nothing) Tenants() ([]ident.Tenant, error)              { return nil, nil }
func (nothing) Facts(id ident.Tenant) (authz.Facts, error)    { return authz.Facts{}, os.ErrNotExist }
func (nothing) Head() (render.Head, error)                    { return render.Head{}, nil }
func (nothing) Kept(ident.Tenant) ([]authz.KeptClaims, error) { return nil, nil }
func (nothing) Products(ident.Tenant, func(ident.Product) bool) (map[ident.Product][]ident.Version, error) {
	return nil, nil
}
func (nothing) Folder(string) (*tree.Dir, error) { return nil, nil }
func (nothing) Volumes(string, []string) (plan.Volumes, error) {
	return plan.Volumes{}, nil
}

// bare makes an empty bare repository.
func bare(dir string) (string, error) {
	path, err := os.MkdirTemp(dir, "bare")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("git", "init", "-q", "--bare", "-b", "main", path).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git init: %w: %s", err, out)
	}
	return path, nil
}

// commitAll renders all tenants into a new bare repository and publishes one
// commit. It returns the repository, its fleet and how long that took.
func commitAll(ctx context.Context, dir string, r *render.Renderer, all []authz.Facts) (*git.Repo, *render.Roster, time.Duration, error) {
	path, err := bare(dir)
	if err != nil {
		return nil, nil, 0, err
	}
	repo, err := git.Open(ctx, path, git.Options{Branch: "main", Author: git.Author{Name: "bench", Email: "bench@localhost"}})
	if err != nil {
		return nil, nil, 0, err
	}
	start := time.Now()
	tx := repo.Begin(git.Head{})
	fleet, _, err := r.Full(ctx, all, nothing{}, nil, tx)
	if err != nil {
		return nil, nil, 0, err
	}
	res, err := tx.Commit(ctx, git.Message{Subject: "render"})
	if err != nil {
		return nil, nil, 0, err
	}
	if err := repo.Publish(ctx, git.Head{}, res); err != nil {
		return nil, nil, 0, err
	}
	return repo, fleet, time.Since(start), nil
}

// fullRender measures 10,000 tenants with four products against git
// fast-import of the same files, each three times, the best of each.
func fullRender(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	r, err := newRenderer()
	if err != nil {
		return 0, err
	}
	all := tenants(10000, "dsa", "seg", "swg", "ucwi")
	stream := filepath.Join(dir, "stream")
	if err := writeStream(ctx, r, all, stream); err != nil {
		return 0, err
	}
	ours, theirs := time.Hour, time.Hour
	for range 3 {
		repo, _, took, err := commitAll(ctx, dir, r, all)
		if err != nil {
			return 0, err
		}
		if err := repo.Close(); err != nil {
			return 0, err
		}
		ours = min(ours, took)
		if took, err = fastImport(ctx, dir, stream); err != nil {
			return 0, err
		}
		theirs = min(theirs, took)
	}
	fmt.Fprintf(os.Stderr, "# sluice %v, git fast-import %v\n", ours.Round(time.Millisecond), theirs.Round(time.Millisecond))
	return ours.Seconds() / theirs.Seconds(), nil
}

// collector is a Sink that keeps what it is given.
type collector struct{ dirs chan named }

type named struct {
	path string
	dir  *tree.Dir
	data []byte
}

func (collector) Guard(tree.Guard) {}
func (c collector) Reset(string)   {}
func (c collector) Put(path string, d *tree.Dir) error {
	c.dirs <- named{path: path, dir: d}
	return nil
}
func (c collector) PutFile(path string, data []byte) error {
	c.dirs <- named{path: path, data: data}
	return nil
}

// writeStream writes the fast-import stream of a full render: every content
// once as a blob, then one commit that names it by its mark.
func writeStream(ctx context.Context, r *render.Renderer, all []authz.Facts, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	c := collector{make(chan named, 64)}
	failed := make(chan error, 1)
	go func() {
		_, _, err := r.Full(ctx, all, nothing{}, nil, c)
		failed <- err
		close(c.dirs)
	}()
	marks := map[string]int{}
	var list bytes.Buffer
	blob := func(path string, data []byte) {
		m, ok := marks[string(data)]
		if !ok {
			m = len(marks) + 1
			marks[string(data)] = m
			fmt.Fprintf(w, "blob\nmark :%d\ndata %d\n", m, len(data))
			w.Write(data)
			w.WriteByte('\n')
		}
		list.WriteString("M 100644 :" + strconv.Itoa(m) + " " + path + "\n")
	}
	for n := range c.dirs {
		if n.dir == nil {
			blob(n.path, n.data)
			continue
		}
		_ = n.dir.Walk(func(sub string, data []byte) error {
			blob(n.path+"/"+sub, data)
			return nil
		})
	}
	if err := <-failed; err != nil {
		return err
	}
	fmt.Fprint(w, "commit refs/heads/main\ncommitter bench <bench@localhost> 0 +0000\ndata 6\nrender\n")
	if _, err := io.Copy(w, &list); err != nil {
		return err
	}
	return w.Flush()
}

func fastImport(ctx context.Context, dir, stream string) (time.Duration, error) {
	path, err := bare(dir)
	if err != nil {
		return 0, err
	}
	in, err := os.Open(stream)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, "git", "-C", path, "fast-import", "--quiet")
	cmd.Stdin = in
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("git fast-import: %w: %s", err, out)
	}
	return time.Since(start), nil
}

// oneChange returns the median time from a decoded change to its commit, and
// the largest number of bytes that such a commit adds, in a fleet of n tenants.
func oneChange(ctx context.Context, r *render.Renderer, n int) (time.Duration, int64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	repo, fleet, _, err := commitAll(ctx, dir, r, tenants(n, "swg"))
	if err != nil {
		return 0, 0, err
	}
	defer repo.Close()
	var times []time.Duration
	var bytes int64
	for i := range 300 {
		head, err := repo.Head(ctx)
		if err != nil {
			return 0, 0, err
		}
		changed := tenant(i*7919%n, 500+i, "swg")
		start := time.Now()
		tx := repo.Begin(head)
		if !r.Settle(fleet, []authz.Facts{changed}, nil) {
			return 0, 0, errors.New("one change asks for a full render")
		}
		if _, err := r.Change(ctx, fleet, changed, render.NewStored(repo.FS(head), local), tx); err != nil {
			return 0, 0, err
		}
		if err := fleet.Flush(ctx, tx); err != nil {
			return 0, 0, err
		}
		res, err := tx.Commit(ctx, git.Message{Subject: "change"})
		if err != nil {
			return 0, 0, err
		}
		took := time.Since(start)
		if err := repo.Publish(ctx, head, res); err != nil {
			return 0, 0, err
		}
		fleet.Settle()
		if i >= 50 { // warm
			times, bytes = append(times, took), max(bytes, res.Bytes)
		}
	}
	slices.Sort(times)
	fmt.Fprintf(os.Stderr, "# %d tenants: median %v, p99 %v, at most %d bytes\n", n, times[len(times)/2], times[len(times)*99/100], bytes)
	return times[len(times)/2], bytes, nil
}

func oneChangeRatio(ctx context.Context) (float64, error) {
	r, err := newRenderer()
	if err != nil {
		return 0, err
	}
	large, _, err := oneChange(ctx, r, 100000)
	if err != nil {
		return 0, err
	}
	small, _, err := oneChange(ctx, r, 100)
	if err != nil {
		return 0, err
	}
	return large.Seconds() / small.Seconds(), nil
}

func oneChangeBytes(ctx context.Context) (float64, error) {
	r, err := newRenderer()
	if err != nil {
		return 0, err
	}
	_, bytes, err := oneChange(ctx, r, 100000)
	return float64(bytes) / 1024, err
}
