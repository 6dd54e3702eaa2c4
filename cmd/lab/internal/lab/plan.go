package lab

import (
	"context"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// step is one named part of bringing a lab up. Every step may be run again:
// what is there already is left alone.
type step struct {
	name string
	run  func(ctx context.Context) error
}

// plan is the whole of bringing up a lab whose programs are built, in order.
// A component is started as early as what it needs is there and waited for as
// late as possible, so that the slow ones start side by side.
func (l *Lab) plan(release func(ports ...string)) []step {
	start := func(c process.Component, ports ...string) step { return l.starting(c, release, ports) }
	ready := func(c process.Component) step { return l.ready(c) }
	s, set := l.site, l.options.ArgoCD
	steps := []step{
		{"make the folders", l.makeFolders},
		{"make keys and certificates", l.makeKeys},
		{"build the Git server", l.buildGitServer},
		start(control.Etcd(s), "etcd", "etcd-peer"),
		start(control.TenantEtcd(s), "tenant-etcd", "tenant-etcd-peer"),
		start(argocd.Redis(s), "redis"),
		start(l.gitServer(), "git"),
		ready(control.Etcd(s)),
		start(control.APIServer(s), "kube-apiserver"),
		{"make the repositories", l.makeRepositories},
		ready(argocd.Redis(s)),
		ready(l.gitServer()),
		ready(control.APIServer(s)),
		start(control.ControllerManager(s), "kube-controller-manager"),
		start(control.Scheduler(s), "kube-scheduler"),
		start(control.Kwok(s), "kwok"),
		{"apply nodes and volumes", l.applyMachines},
		{"apply Argo CD's objects", l.applyArgoCD},
		{"apply further manifests", l.applyManifests},
		start(argocd.RepoServer(s, set), "repo-server", "repo-server-metrics"),
		start(argocd.Controller(s, set), "application-controller-metrics"),
		start(argocd.ApplicationSetController(s, set), "applicationset-metrics", "applicationset-probe", "applicationset-webhook"),
		start(argocd.Server(s, set), "server", "server-metrics"),
	}
	for _, p := range l.options.Plugins {
		steps = append(steps, start(p.Component(s, set)))
	}
	for _, c := range l.components()[4:] {
		steps = append(steps, ready(c))
	}
	return append(steps, step{"wait for the nodes", l.awaitNodes}, step{"wait for the password", l.awaitPassword})
}

// components lists every component of the lab; the first four are awaited
// where the next ones need them.
func (l *Lab) components() []process.Component {
	s, set := l.site, l.options.ArgoCD
	all := []process.Component{
		control.Etcd(s), argocd.Redis(s), l.gitServer(), control.APIServer(s),
		control.TenantEtcd(s), control.ControllerManager(s), control.Scheduler(s), control.Kwok(s),
		argocd.RepoServer(s, set), argocd.Controller(s, set), argocd.ApplicationSetController(s, set), argocd.Server(s, set),
	}
	for _, p := range l.options.Plugins {
		all = append(all, p.Component(s, set))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(all, l.started...)
}

// Components lists the names of all components.
func (l *Lab) Components() []string {
	var names []string
	for _, c := range l.components() {
		names = append(names, c.Name)
	}
	return names
}

func (l *Lab) component(name string) (process.Component, error) {
	for _, c := range l.components() {
		if c.Name == name {
			return c, nil
		}
	}
	return process.Component{}, fault.Hintf("choose one of: "+strings.Join(l.Components(), ", "),
		"looking for component %q: no such component", name)
}

func (l *Lab) starting(c process.Component, release func(...string), ports []string) step {
	return step{"start " + c.Name, func(context.Context) error {
		release(ports...)
		_, err := l.runner.Start(c)
		return err
	}}
}

func (l *Lab) ready(c process.Component) step {
	return step{"wait for " + c.Name, func(ctx context.Context) error { return l.await(ctx, c) }}
}

// GitServer is the name of the component that serves the repositories.
const GitServer = "git-server"

func (l *Lab) gitServer() process.Component {
	s := l.site
	c := process.Component{
		Name: GitServer, Path: s.Path(site.Bin, "gitserver"), Dir: s.Path(site.Git), Env: s.Env(),
		Args:  []string{"-root=" + s.Path(site.Git), "-addr=" + s.Addr("git")},
		Ready: health.TCP(s.Addr("git")),
	}
	if l.options.GitLab != "" {
		c.Args = append(c.Args, "-gitlab="+l.options.GitLab, "-tokens="+s.Path(site.PKI))
	}
	if !l.options.NoWebhook {
		c.Args = append(c.Args, "-webhook=http://"+s.Addr("server")+"/api/webhook")
	}
	return c
}
