package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/build"
	"github.com/gatorcloud/sluice/cmd/lab/internal/ports"
	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Up brings a lab up and returns when all of it is ready. A lab that is up
// already is completed: components that were killed start again. When it
// fails, it ends what runs and leaves the directory for its logs; Down removes it.
func Up(ctx context.Context, o Options) (*Lab, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	say := o.teller()
	programs, err := prerequisites()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the lab's directory: %w", err)
	}
	unlock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	l, reserved, err := settle(o)
	if err != nil {
		return nil, err
	}
	defer reserved.Close()
	if err := l.build(ctx, programs); err != nil {
		return nil, err
	}
	for _, s := range l.plan(reserved.Release) {
		say(s.name)
		if err := s.run(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("bringing the lab up: trying to %s: %w", s.name, err), l.stop())
		}
	}
	say("ready")
	return l, nil
}

// teller returns a func that writes a line with the time since the start.
func (o Options) teller() func(string) {
	start := time.Now()
	return func(line string) {
		if o.Progress != nil {
			fmt.Fprintf(o.Progress, "%6.1fs  %s\n", time.Since(start).Seconds(), line)
		}
	}
}

// prerequisites finds what the lab takes from the system.
func prerequisites() (map[string]string, error) {
	programs := map[string]string{}
	for _, need := range []struct{ program, pkg string }{{"git", "git"}, {"redis-server", "redis-server"}} {
		path, err := exec.LookPath(need.program)
		if err != nil {
			return nil, fault.Hintf("sudo apt-get install -y "+need.pkg, "looking for %s: %w", need.program, err)
		}
		programs[need.program] = path
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, fault.Hintf("install Go from https://go.dev/dl", "looking for go: %w", err)
	}
	return programs, nil
}

// settle takes up the ports of the lab in the directory, or reserves new ones.
// It writes lab.json before anything else is made: Down removes nothing from a
// directory without it.
func settle(o Options) (*Lab, *ports.Reserved, error) {
	old, err := Open(o.Dir)
	if err == nil && old.Set() != o.Set {
		return nil, nil, fault.Hintf("end it with `go run ./cmd/lab down`, or choose another --dir",
			"bringing up set %q in %q: a lab of set %q is there", o.Set, o.Dir, old.Set())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	where := site.Site{Dir: o.Dir, Search: os.Getenv("PATH")}
	if old != nil {
		where.Ports, where.Sockets = old.site.Ports, old.site.Sockets
		return at(o, where), &ports.Reserved{}, nil
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil || len(entries) > 1 {
		return nil, nil, errors.Join(err, fault.Hintf("choose an empty directory with --dir",
			"bringing up a lab in %q: there are files that belong to no lab", o.Dir))
	}
	if where.Sockets, err = makeSockets(o.Dir); err != nil {
		return nil, nil, err
	}
	reserved, err := ports.Reserve(site.PortNames())
	if err != nil {
		return nil, nil, err
	}
	where.Ports = reserved.Ports
	l := at(o, where)
	return l, reserved, l.save()
}

// build makes the programs of the lab's set.
func (l *Lab) build(ctx context.Context, programs map[string]string) error {
	root, err := build.Root(ctx, l.options.Source)
	if err != nil {
		return err
	}
	set, err := release.Find(l.options.Set)
	if err != nil {
		return err
	}
	builder := build.Builder{
		Modules: build.ModulesDir(root), Cache: l.options.Cache, Nice: l.options.Nice, Progress: l.options.Progress,
	}
	built, err := builder.Set(ctx, set)
	if err != nil {
		return err
	}
	maps.Copy(programs, built)
	l.site.Programs = programs
	return l.save()
}

// Access is how a person reaches a lab.
type Access struct {
	Set        string `json:"set"`
	Dir        string `json:"dir"`
	KubeConfig string `json:"kubeconfig"`
	ArgoCD     string `json:"argocd"`
	User       string `json:"user"`
	Password   string `json:"password"`
	Git        string `json:"git"`
	CLI        string `json:"cli"`
}

// Access tells how to reach the lab; it asks the cluster for the password.
func (l *Lab) Access(ctx context.Context) (Access, error) {
	password, err := l.password(ctx)
	if err != nil {
		return Access{}, err
	}
	return Access{
		Set: l.options.Set, Dir: l.site.Dir, KubeConfig: l.KubeConfig(),
		ArgoCD: "http://" + l.ArgoCDServer(), User: "admin", Password: password,
		Git: l.RepositoryURL(l.options.Repositories[0]), CLI: l.Program("argocd"),
	}, nil
}

// String is the access as lines for a person.
func (a Access) String() string {
	return strings.Join([]string{
		"export KUBECONFIG=" + a.KubeConfig,
		"# Argo CD (" + a.Set + "): " + a.ArgoCD + "  user " + a.User + "  password " + a.Password,
		a.CLI + " login --plaintext " + strings.TrimPrefix(a.ArgoCD, "http://") + " --username " + a.User + " --password " + a.Password,
		"git clone " + a.Git,
		"",
	}, "\n")
}

// Namespace is where Argo CD's objects live.
const Namespace = argocd.Namespace
