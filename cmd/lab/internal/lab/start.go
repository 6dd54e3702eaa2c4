package lab

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Program is a program of the caller that a lab runs like a component of its
// own: a renderer, for example.
type Program struct {
	// Name is the component's; it must be free.
	Name string
	// Command is the program with its arguments.
	Command []string
	// Env is added to the environment that every component gets.
	Env []string
	// Ready tells that it serves; nil means that it is ready as soon as it runs.
	Ready health.Probe
}

// Start runs a program as a component of the lab: it has a log, Kill and
// Restart know it, and Down ends it. Only this Lab value knows how to restart it.
func (l *Lab) Start(ctx context.Context, p Program) error {
	if _, err := ident.Parse[ident.ComponentKind](p.Name); err != nil {
		return fmt.Errorf("starting a program: %w", err)
	}
	if slices.Contains(l.Components(), p.Name) {
		return fmt.Errorf("starting program %q: there is a component of this name", p.Name)
	}
	if len(p.Command) == 0 {
		return fmt.Errorf("starting program %q: no command", p.Name)
	}
	c := process.Component{
		Name: p.Name, Path: p.Command[0], Args: p.Command[1:], Env: l.site.Env(p.Env...), Dir: l.site.Path(site.Temp), Ready: p.Ready,
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	l.mu.Lock()
	l.started = append(l.started, c)
	l.mu.Unlock()
	if _, err := l.runner.Start(c); err != nil {
		return err
	}
	return l.await(ctx, c)
}

// Configure replaces the settings that were merged into argocd-cm. Argo CD
// takes them up by itself within a second.
func (l *Lab) Configure(ctx context.Context, config map[string]string) error {
	l.options.ArgoCD.Config = config
	objects, err := l.argocdObjects()
	if err != nil {
		return err
	}
	client, err := l.Cluster()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, o := range objects.Rest {
		if o.Ref() == (kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: argocd.Namespace, Name: "argocd-cm"}) {
			if err := client.Apply(ctx, o); err != nil {
				return fmt.Errorf("configuring Argo CD: %w", err)
			}
		}
	}
	return l.save()
}

func (l *Lab) argocdObjects() (argocd.Objects, error) {
	manifest, err := os.ReadFile(l.site.Programs[release.InstallFile])
	if err != nil {
		return argocd.Objects{}, fmt.Errorf("reading Argo CD's install manifest: %w", err)
	}
	return argocd.FromInstall(manifest, l.options.ArgoCD)
}
