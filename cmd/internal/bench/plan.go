package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// bumped is a bare repository with a fleet of three rings at swg 200 on main,
// and its bump to 202 on the branch bump.
type bumped struct {
	dir string
	all []authz.Facts
}

// fleetAt returns fleet.yaml with all rings at a version of swg.
func fleetAt(version string) []byte {
	var b bytes.Buffer
	b.WriteString("apiVersion: sluice.gatorcloud.io/v1\nkind: Fleet\nrings:\n")
	for _, ring := range []string{"canary\n  sharePercent: 1\n  soakSeconds: 3600", "early\n  sharePercent: 10\n  soakSeconds: 86400\n  steps: [10, 50]", "main\n  parallel: 4"} {
		fmt.Fprintf(&b, "- name: %s\n  versions: {swg: %q, dsa: \"31\", seg: \"31\", ucwi: \"112\"}\n", ring, version)
	}
	return b.Bytes()
}

// bumpedFleet renders and commits n tenants with four products.
func bumpedFleet(ctx context.Context, dir string, n int) (*bumped, error) {
	files, err := fourFiles()
	if err != nil {
		return nil, err
	}
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		return nil, err
	}
	path, err := bare(dir)
	if err != nil {
		return nil, err
	}
	repo, err := git.Open(ctx, path, git.Options{Branch: "main", Author: git.Author{Name: "bench", Email: "bench@localhost"}})
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	example, err := environments.Example().Open("local/environment.yaml")
	if err != nil {
		return nil, err
	}
	defer example.Close()
	var environment bytes.Buffer
	if _, err := environment.ReadFrom(example); err != nil {
		return nil, err
	}
	out := &bumped{path, tenants(n, "dsa", "seg", "swg", "ucwi")}
	steps := []func(*git.Tx, git.Head) error{
		func(tx *git.Tx, _ git.Head) error {
			return errors.Join(tx.PutFS("catalog", files), tx.PutFile("catalog/"+catalog.LockFile, catalog.Lock{}.Add(c.Digests()).Encode()),
				tx.PutFile("environments/local/environment.yaml", environment.Bytes()), tx.PutFile("environments/local/fleet.yaml", fleetAt("200")))
		},
		func(tx *git.Tx, h git.Head) error {
			ready, err := pipeline.New().Prepare(repo.FS(h), local, pipeline.Options{})
			if err != nil {
				return err
			}
			_, _, err = ready.Renderer.Full(ctx, out.all, nothing{}, nil, tx)
			return err
		},
	}
	for _, fill := range steps {
		head, err := repo.Head(ctx)
		if err != nil {
			return nil, err
		}
		tx := repo.Begin(head)
		if err := fill(tx, head); err != nil {
			return nil, err
		}
		res, err := tx.Commit(ctx, git.Message{Subject: "fleet"})
		if err != nil {
			return nil, err
		}
		if err := repo.Publish(ctx, head, res); err != nil {
			return nil, err
		}
	}
	return out, out.bump(ctx, filepath.Join(dir, "index"))
}

// bump commits the bump to its branch, as a person would.
func (b *bumped) bump(ctx context.Context, index string) error {
	run := func(stdin []byte, args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", b.dir, "-c", "user.name=bench", "-c", "user.email=bench@localhost"}, args...)...)
		cmd.Env, cmd.Stdin = append(os.Environ(), "GIT_INDEX_FILE="+index), bytes.NewReader(stdin)
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	blob, err := run(fleetAt("202"), "hash-object", "-w", "--stdin")
	if err != nil {
		return err
	}
	if _, err := run(nil, "read-tree", "main"); err != nil {
		return err
	}
	if _, err := run(nil, "update-index", "--cacheinfo", "100644,"+blob+",environments/local/fleet.yaml"); err != nil {
		return err
	}
	tree, err := run(nil, "write-tree")
	if err != nil {
		return err
	}
	commit, err := run(nil, "commit-tree", "-p", "main", "-m", "bump", tree)
	if err != nil {
		return err
	}
	_, err = run(nil, "update-ref", "refs/heads/bump", commit)
	return err
}

// planned runs `sluice plan` of the bump as a process and returns its time and
// the most memory that it had.
func (b *bumped) planned(ctx context.Context, sluice string) (time.Duration, int64, error) {
	cmd := exec.CommandContext(ctx, sluice, "plan", "--repo", b.dir, "--branch", "bump", "--against", "main", "--now", "2026-11-30")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 && cmd.ProcessState.ExitCode() != 3 {
		return 0, 0, fmt.Errorf("sluice plan: %w: %s", err, out.String())
	}
	head, _, _ := strings.Cut(out.String(), "\n")
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	fmt.Fprintf(os.Stderr, "# %s\n# %v, %d MiB\n", head, took.Round(time.Millisecond), usage.Maxrss>>10)
	return took, usage.Maxrss << 10, nil
}
