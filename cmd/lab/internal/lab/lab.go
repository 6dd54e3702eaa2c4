// Package lab brings up a real Kubernetes control plane and a real Argo CD on
// loopback, and takes them away again.
//
// A lab is a directory. Its components outlive the process that started them;
// the file lab.json in the directory says which set, options, ports and
// programs it runs with, so that any later process can look at it, kill or
// restart a component, or end it. Invariants: everything listens on 127.0.0.1;
// everything that a lab writes is below its directory (but for the sockets of
// one whose path is too long for them); Down ends every process that any
// component started and removes every file. Several labs run side by side in
// directories of their own.
//
// What comes up, and in what order, is the list in plan.go.
package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const stateFile = "lab.json"

// Lab is a lab that was brought up.
type Lab struct {
	options Options
	site    site.Site
	runner  process.Runner

	mu sync.Mutex
	// started are the programs that Start added.
	started []process.Component
}

// state is what lab.json holds.
type state struct {
	Options  Options           `json:"options"`
	Ports    map[string]int    `json:"ports"`
	Programs map[string]string `json:"programs"`
	Search   string            `json:"search"`
	Sockets  string            `json:"sockets"`
}

// Open finds the lab in a directory; empty is the default one.
func Open(dir string) (*Lab, error) {
	dir, err := Dir(dir)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Hintf("bring one up with `go run ./cmd/lab up`", "looking for a lab in %q: %w", dir, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the lab's state: %w", err)
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("reading the lab's state in %q: %w", dir, err)
	}
	s.Options.Dir = dir
	return at(s.Options, site.Site{Dir: dir, Ports: s.Ports, Programs: s.Programs, Search: s.Search, Sockets: s.Sockets}), nil
}

func at(o Options, s site.Site) *Lab {
	return &Lab{options: o, site: s, runner: process.Runner{Records: s.Path(site.Records), Logs: s.Path(site.Logs)}}
}

func (l *Lab) save() error {
	data, err := json.MarshalIndent(state{l.options, l.site.Ports, l.site.Programs, l.site.Search, l.site.Sockets}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	if err := os.WriteFile(l.site.Path(stateFile), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	return nil
}

// Set is the name of the lab's set of versions.
func (l *Lab) Set() string { return l.options.Set }

// Dir is the lab's directory.
func (l *Lab) Dir() string { return l.site.Dir }

// KubeConfig is the path of the administrator's kubeconfig; its namespace is Argo CD's.
func (l *Lab) KubeConfig() string { return l.site.Kubeconfig(control.Admin) }

// TenantEtcd is the address of an etcd for authorisations; the cluster keeps nothing in it.
func (l *Lab) TenantEtcd() string { return "http://" + l.site.Addr("tenant-etcd") }

// ArgoCDServer is host:port of Argo CD's API server, which speaks plain HTTP and gRPC.
func (l *Lab) ArgoCDServer() string { return l.site.Addr("server") }

// ArgoCDMetrics is the URL of the application controller's metrics.
func (l *Lab) ArgoCDMetrics() string {
	return "http://" + l.site.Addr("application-controller-metrics") + "/metrics"
}

// GitURL is the URL that the repositories are served below.
func (l *Lab) GitURL() string { return "http://" + l.site.Addr("git") }

// RepositoryURL is the URL of a repository made by the lab.
func (l *Lab) RepositoryURL(name string) string { return l.GitURL() + "/" + name + ".git" }

// GitLabToken is the file with the token of a user of the lab's GitLab, whose
// API is at GitURL and whose project is named as its repository.
func (l *Lab) GitLabToken(user string) string { return l.site.Path(site.PKI, githttp.TokenFile(user)) }

// GitRoot is the folder of the bare repositories; one that is made in it is served at once.
func (l *Lab) GitRoot() string { return l.site.Path(site.Git) }

// Sockets is the folder in which Argo CD looks for plugins.
func (l *Lab) Sockets() string { return l.site.Sockets }

// Program is the path of a program of the lab's set: argocd, for example.
func (l *Lab) Program(name string) string { return l.site.Programs[name] }

// Cluster opens a client with all rights on the lab's cluster.
func (l *Lab) Cluster() (*kube.Client, error) { return kube.Open(l.KubeConfig()) }

// Kill ends a component and all it started at once (SIGKILL).
func (l *Lab) Kill(name string) error {
	if _, err := l.component(name); err != nil {
		return err
	}
	return l.runner.Kill(name)
}

// Restart starts a component that was killed, or kills one that runs and
// starts it again, and waits until it is ready.
func (l *Lab) Restart(ctx context.Context, name string) error {
	c, err := l.component(name)
	if err != nil {
		return err
	}
	if err := l.runner.Stop(name, 0); err != nil {
		return err
	}
	if _, err := l.runner.Start(c); err != nil {
		return err
	}
	return l.await(ctx, c)
}

func (l *Lab) await(ctx context.Context, c process.Component) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.Patience(), fmt.Errorf("not ready after %s", c.Patience()))
	defer cancel()
	alive := func() bool { _, alive := l.runner.Find(c.Name); return alive }
	if err := health.Await(ctx, c.Ready, alive); err != nil {
		return fault.Hintf("read "+l.runner.Log(c.Name), "waiting for %q: %w; its log ends with %q", c.Name, err, l.runner.LastLine(c.Name))
	}
	return nil
}

// Log opens the log of a component, which the caller closes.
func (l *Lab) Log(name string) (*os.File, error) {
	if _, err := l.component(name); err != nil {
		return nil, err
	}
	f, err := os.Open(l.runner.Log(name))
	if err != nil {
		return nil, fmt.Errorf("opening the log of %q: %w", name, err)
	}
	return f, nil
}

// Status is how one component does.
type Status struct {
	Name string `json:"name"`
	// State is ready, starting or down.
	State   string    `json:"state"`
	PID     int       `json:"pid,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Log     string    `json:"log"`
}

// Status asks every component.
func (l *Lab) Status(ctx context.Context) []Status {
	var all []Status
	for _, c := range l.components() {
		s := Status{Name: c.Name, State: "down", Log: l.runner.Log(c.Name)}
		if rec, alive := l.runner.Find(c.Name); alive {
			s.State, s.PID, s.Started = "starting", rec.PID, rec.Started
			if c.Ready(ctx) == nil {
				s.State = "ready"
			}
		}
		all = append(all, s)
	}
	return all
}
