package lab

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/build"
	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

func (l *Lab) makeFolders(context.Context) error {
	for _, folder := range site.Folders() {
		if err := os.MkdirAll(l.site.Path(folder), 0o700); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(l.site.Sockets, 0o700); err != nil {
		return err
	}
	for _, p := range l.options.Plugins {
		if err := os.MkdirAll(l.site.Path(site.Plugins, p.Name), 0o700); err != nil {
			return err
		}
		if err := writeFiles(l.site.Path(site.Plugins), p.Files()); err != nil {
			return err
		}
	}
	return nil
}

// makeKeys makes the keys once: components that run already hold them.
func (l *Lab) makeKeys(context.Context) error {
	if _, err := os.Stat(l.KubeConfig()); err == nil {
		return nil
	}
	now := time.Now()
	authority, err := pki.New(now)
	if err != nil {
		return err
	}
	server, err := authority.Server(control.ServiceIP(), now)
	if err != nil {
		return err
	}
	private, public, err := pki.SigningKey()
	if err != nil {
		return err
	}
	files := control.Files(authority.Pair, server, private, public)
	for _, ids := range []map[string]pki.Identity{argocd.Identities(), control.Identities()} {
		if err := l.kubeconfigs(files, authority, ids, now); err != nil {
			return err
		}
	}
	return writeFiles(l.site.Path(site.PKI), files)
}

func (l *Lab) kubeconfigs(files map[string][]byte, a *pki.Authority, ids map[string]pki.Identity, now time.Time) error {
	for name, id := range ids {
		pair, err := a.Client(id, now)
		if err != nil {
			return err
		}
		config, err := pki.Kubeconfig(pki.Access{
			Server: "https://" + l.site.Addr("kube-apiserver"), Authority: a.Pair.Cert, Client: pair, Namespace: argocd.Namespace,
		})
		if err != nil {
			return err
		}
		files[filepath.Base(l.site.Kubeconfig(name))] = config
	}
	return nil
}

func writeFiles(dir string, files map[string][]byte) error {
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// buildGitServer builds the one component that is part of the source tree.
func (l *Lab) buildGitServer(ctx context.Context) error {
	root, err := build.Root(ctx, l.options.Source)
	if err != nil {
		return err
	}
	return build.Own(ctx, root, "./cmd/lab/gitserver", l.site.Path(site.Bin, "gitserver"))
}

func (l *Lab) makeRepositories(ctx context.Context) error {
	for _, name := range l.options.Repositories {
		if err := l.MakeRepository(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// MakeRepository makes an empty bare repository with the branch main, if it is not there.
func (l *Lab) MakeRepository(ctx context.Context, name string) error {
	cmd := exec.CommandContext(ctx, l.site.Programs["git"], "init", "--quiet", "--bare", "--initial-branch=main", name+".git")
	cmd.Dir, cmd.Env = l.GitRoot(), l.site.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making repository %q: %w: %s", name, err, out)
	}
	return nil
}

func (l *Lab) applyMachines(ctx context.Context) error {
	client, err := l.Cluster()
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Apply(ctx, control.Nodes(l.options.Nodes)...); err != nil {
		return err
	}
	return client.Apply(ctx, control.Volumes(l.options.Volumes)...)
}

func (l *Lab) applyArgoCD(ctx context.Context) error {
	objects, err := l.argocdObjects()
	if err != nil {
		return err
	}
	client, err := l.Cluster()
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Apply(ctx, objects.Definitions...); err != nil {
		return err
	}
	if err := established(ctx, client, objects.Definitions); err != nil {
		return err
	}
	return client.Apply(ctx, objects.Rest...)
}

// applyManifests applies the caller's files; definitions in them are waited for before the next file.
func (l *Lab) applyManifests(ctx context.Context) error {
	client, err := l.Cluster()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, file := range l.options.Manifests {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		objects, err := kube.Decode(data)
		if err != nil {
			return fmt.Errorf("reading %q: %w", file, err)
		}
		if err := client.Apply(ctx, objects...); err != nil {
			return fmt.Errorf("applying %q: %w", file, err)
		}
		if err := established(ctx, client, objects); err != nil {
			return err
		}
	}
	return nil
}

// established waits until the API serves the definitions among the objects.
func established(ctx context.Context, client *kube.Client, objects []kube.Object) error {
	for _, o := range objects {
		if o.Text("kind") != "CustomResourceDefinition" {
			continue
		}
		if err := eventually(ctx, func(ctx context.Context) error { return condition(ctx, client, o.Ref(), "Established") }); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) awaitNodes(ctx context.Context) error {
	client, err := l.Cluster()
	if err != nil {
		return err
	}
	defer client.Close()
	for i := range l.options.Nodes {
		ref := kube.Ref{APIVersion: "v1", Kind: "Node", Name: control.NodeName(i)}
		if err := eventually(ctx, func(ctx context.Context) error { return condition(ctx, client, ref, "Ready") }); err != nil {
			return err
		}
	}
	return nil
}

func condition(ctx context.Context, client *kube.Client, ref kube.Ref, kind string) error {
	o, err := client.Get(ctx, ref)
	if err != nil {
		return err
	}
	conditions, _ := o.Field("status", "conditions").([]any)
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == kind && m["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("%s is not %s", ref, kind)
}

func (l *Lab) awaitPassword(ctx context.Context) error {
	return eventually(ctx, func(ctx context.Context) error { _, err := l.password(ctx); return err })
}

// password is the one that Argo CD's server made for the first login.
func (l *Lab) password(ctx context.Context) (string, error) {
	client, err := l.Cluster()
	if err != nil {
		return "", err
	}
	defer client.Close()
	secret, err := client.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Secret", Namespace: argocd.Namespace, Name: "argocd-initial-admin-secret"})
	if err != nil {
		return "", err
	}
	password, err := base64.StdEncoding.DecodeString(secret.Text("data", "password"))
	if err != nil || len(password) == 0 {
		return "", errors.Join(errors.New("reading Argo CD's first password: none there"), err)
	}
	return string(password), nil
}

// eventually repeats what the cluster answers a moment later than asked.
func eventually(ctx context.Context, probe health.Probe) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not so after a minute"))
	defer cancel()
	return health.Await(ctx, probe, func() bool { return true })
}
