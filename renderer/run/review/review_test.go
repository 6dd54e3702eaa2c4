package review_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/run/review"
)

// branch is a branch with one commit, which changes with its first byte.
type branch struct {
	head  git.Head
	files fstest.MapFS
	fault error // of asking for the head
}

func (b *branch) Head(context.Context) (git.Head, error) { return b.head, b.fault }

func (b *branch) FS(git.Head) fs.FS { return b.files }

func (b *branch) commit(path, text string) {
	b.head.Commit[0]++
	b.files = maps.Clone(b.files)
	b.files[path] = &fstest.MapFile{Data: []byte(text)}
}

func newBranch() *branch {
	b := &branch{files: fstest.MapFS{}}
	for path, text := range map[string]string{
		"README.md": "hello", "catalog/products/swg/203/product.yaml": "swg", "environments/a/environment.yaml": "a", "environments/a/fleet.yaml": "a",
		"environments/b/environment.yaml": "b", "environments/b/fleet.yaml": "b",
		"environments/a/rollouts.yaml": "engine", "environments/a/tenants/01/00/1000001/tenant.yaml": "rendered",
	} {
		b.commit(path, text)
	}
	return b
}

// The base is another when people's files are, and only then.
func TestBase(t *testing.T) {
	b := newBranch()
	p := review.New(b, nil)
	base := func() string {
		t.Helper()
		got, err := p.Base(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := base()
	for _, path := range []string{"README.md", "environments/a/rollouts.yaml", "environments/a/tenants/01/00/1000001/tenant.yaml"} {
		if b.commit(path, "new"); base() != first {
			t.Errorf("Base() is another after a change of %s", path)
		}
	}
	for _, path := range []string{"environments/a/fleet.yaml", "catalog/shared/dns/2/component.yaml"} {
		before := base()
		if b.commit(path, "new"); base() == before {
			t.Errorf("Base() is the same after a change of %s", path)
		}
	}
	if another := review.New(b, nil); func() string { s, _ := another.Base(t.Context()); return s }() != base() {
		t.Error("Base() of another process is another")
	}
}

// A change is planned on people's files of the branch, for the environments that
// it concerns.
func TestPlan(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		files  map[string][]byte
		envs   []string
	}{
		"Fleet":    {"one environment's file", map[string][]byte{"environments/b/fleet.yaml": []byte("new")}, []string{"b"}},
		"Catalog":  {"what is sold is sold everywhere", map[string][]byte{"catalog/products/swg/203/product.yaml": nil}, []string{"a", "b"}},
		"NewPlace": {"an environment that is not there yet", map[string][]byte{"environments/c/environment.yaml": []byte("c"), "environments/c/fleet.yaml": []byte("c")}, []string{"c"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBranch()
			shown := errors.New("shown")
			p := review.New(b, func(_ context.Context, before, after fs.FS, envs []ident.Environment) (string, error) {
				var got []string
				for _, e := range envs {
					got = append(got, e.String())
				}
				if !slices.Equal(got, tc.envs) {
					t.Errorf("plans %q, want %q: %s", got, tc.envs, tc.reason)
				}
				for path, want := range tc.files {
					if data, err := fs.ReadFile(after, path); (err == nil) != (want != nil) || string(data) != string(want) {
						t.Errorf("%s is %q, %v after it, want %q", path, data, err, want)
					}
				}
				if data, err := fs.ReadFile(after, "environments/a/fleet.yaml"); err != nil || string(data) != "a" {
					t.Errorf("what it does not touch is %q, %v", data, err)
				}
				if _, err := fs.ReadFile(before, "environments/a/rollouts.yaml"); err != nil {
					t.Errorf("before it what is rendered is not there: %v", err)
				}
				return "", shown
			})
			base, err := p.Base(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Plan(t.Context(), base, gitlab.Change{Files: tc.files}); !errors.Is(err, shown) {
				t.Errorf("Plan() = %v, want what is shown", err)
			}
		})
	}
}

// What cannot be asked for, or listed, is planned by nobody.
func TestFaults(t *testing.T) {
	b := newBranch()
	p := review.New(b, func(context.Context, fs.FS, fs.FS, []ident.Environment) (string, error) {
		t.Error("it is shown all the same")
		return "", nil
	})
	if _, err := p.Base(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, err := p.Plan(t.Context(), "", gitlab.Change{Files: map[string][]byte{"environments/Not_A_Name/environment.yaml": []byte("x")}}); err == nil || text != "" {
		t.Errorf("Plan() of an odd environment = %q, %v, want its fault", text, err)
	}
	b.fault = errors.New("no answer")
	if base, err := p.Base(t.Context()); !errors.Is(err, b.fault) || base != "" {
		t.Errorf("Base() = %q, %v, want %v", base, err, b.fault)
	}
}
