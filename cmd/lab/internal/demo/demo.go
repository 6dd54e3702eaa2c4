// Package demo brings up the whole product on one machine: a lab whose Argo CD
// is configured as installed, a repository with people's files behind a GitLab,
// twelve tenants in three rings, and `sluice run` with its page.
//
// It does what an administrator does by hand, with sluice's own commands, and
// leaves nothing behind that `lab down` does not take away. What it sells are
// the products that the lab's scenarios sell. The GitLab is a test's: it merges
// for real, asks nobody for a password, and has no pipelines.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/build"
	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/ports"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

// Name is the demo's environment and repository.
const Name = "demo"

// demo is a demo on its way up.
type demo struct {
	Demo
	lab       *lab.Lab
	root, cmp string
	say       func(string)
	o         lab.Options
}

// Up brings the demo up. The options are those of its lab; what the demo needs
// is set in them.
func Up(ctx context.Context, o lab.Options) (*Demo, error) {
	began := time.Now()
	d := &demo{o: o, say: func(what string) {
		if o.Progress != nil {
			fmt.Fprintf(o.Progress, "%6.1fs  %s\n", time.Since(began).Seconds(), what)
		}
	}}
	for _, step := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"build sluice and its plugin", d.programs},
		{"bring up the lab", d.bringUp},
		{"write the catalog and the environment", d.files},
		{"sell to twelve tenants", d.sell},
		{"start sluice run with its page", d.watch},
		{"hand the fleet to Argo CD", d.start},
	} {
		d.say(step.what)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("bringing the demo up: trying to %s: %w", step.what, err)
		}
	}
	d.say("ready")
	return &d.Demo, nil
}

// programs builds what the demo runs, outside the lab: a lab that comes up
// looks for its plugin.
func (d *demo) programs(ctx context.Context) (err error) {
	if d.root, err = build.Root(ctx, d.o.Source); err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	bin := filepath.Join(cache, "sluice-lab", Name)
	d.Sluice, d.cmp = filepath.Join(bin, "sluice"), filepath.Join(bin, "sluice-cmp")
	return errors.Join(build.Own(ctx, d.root, "./cmd/sluice", d.Sluice), build.Own(ctx, d.root, "./cmd/sluice-cmp", d.cmp))
}

// bringUp brings up an Argo CD that is configured as an administrator does.
func (d *demo) bringUp(ctx context.Context) (err error) {
	var cm struct{ Data map[string]string }
	if err := d.read(&cm, "plugin", "install", "settings", "argocd-cm.yaml"); err != nil {
		return err
	}
	o := d.o
	o.Repositories, o.GitLab, o.Volumes = []string{Name}, Name, 64
	o.ArgoCD.Config = cm.Data
	o.Plugins = []argocd.Plugin{{Name: "sluice", Command: []string{d.cmp, "serve", "--socket={socket}", "--metrics-addr="}}}
	l, err := lab.Up(ctx, o)
	if err != nil {
		return err
	}
	d.lab, d.Clone, d.Down = l, filepath.Join(l.Dir(), site.Temp, Name), "go run ./cmd/lab down"+dirFlag(l)
	d.GitLab, d.Repository, d.Token = l.GitURL(), l.RepositoryURL(Name), l.GitLabToken(githttp.Person)
	d.ArgoCD, d.Etcd, d.KubeConfig = "http://"+l.ArgoCDServer(), l.TenantEtcd(), l.KubeConfig()
	return nil
}

// read reads a YAML file of the source tree.
func (d *demo) read(into any, path ...string) error {
	data, err := os.ReadFile(filepath.Join(append([]string{d.root}, path...)...))
	if err != nil {
		return err
	}
	return yaml.Unmarshal(data, into)
}

// files pushes what people write, unless a demo before did.
func (d *demo) files(ctx context.Context) error {
	if _, err := os.Stat(d.Clone); err == nil {
		return nil
	}
	if _, err := d.run(ctx, d.lab.Dir(), "git", "clone", "--quiet", d.Repository, d.Clone); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(d.Clone, "catalog"), os.DirFS(filepath.Join(d.root, "cmd", "lab", "e2e", "testdata", "catalog"))); err != nil {
		return err
	}
	for name, content := range map[string]any{"environment.yaml": d.environment(), "fleet.yaml": fleet()} {
		data, err := yaml.Marshal(content)
		if err != nil {
			return err
		}
		file := filepath.Join(d.Clone, "environments", Name, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644)); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"checkout", "--quiet", "-B", "main"}, {"config", "user.name", "you"}, {"config", "user.email", "you@example.org"},
		{"config", "pull.rebase", "true"}, {"add", "--all"}, {"commit", "--quiet", "--message=catalog and environment"}, {"push", "--quiet", "--set-upstream", "origin", "main"}} {
		if _, err := d.run(ctx, d.Clone, "git", args...); err != nil {
			return err
		}
	}
	return nil
}

// sell writes the tenants' records.
func (d *demo) sell(ctx context.Context) error {
	data, err := yaml.Marshal(map[string]any{"tenants": tenants()})
	if err != nil {
		return err
	}
	file := filepath.Join(d.lab.Dir(), site.Temp, "tenants.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	_, err = d.run(ctx, d.Clone, d.Sluice, "authz", "import", "--filename="+file, "--etcd-endpoints="+d.Etcd)
	return err
}

// watch starts `sluice run`, tells GitLab where it listens, and waits until it
// has rendered.
func (d *demo) watch(ctx context.Context) error {
	reserved, err := ports.Reserve([]string{"page", "webhook"})
	if err != nil {
		return err
	}
	page, hook := ports.Address(reserved.Ports["page"]), ports.Address(reserved.Ports["webhook"])
	reserved.Close()
	temp, secret := filepath.Join(d.lab.Dir(), site.Temp), rand.Text()
	secretFile := filepath.Join(temp, "webhook.secret")
	if err := os.WriteFile(secretFile, []byte(secret), 0o600); err != nil {
		return err
	}
	d.Page = "http://" + page + "/"
	err = d.lab.Start(ctx, lab.Program{Name: "sluice", Ready: health.HTTP(d.Page, nil), Command: []string{
		d.Sluice, "run", "--env=" + Name, "--repo=" + d.Repository, "--branch=main", "--listen=", "--web-listen=" + page, "--poll=2s",
		"--gitlab-url=" + d.GitLab, "--gitlab-token-file=" + d.lab.GitLabToken(githttp.Bot), "--webhook-listen=" + hook, "--webhook-secret-file=" + secretFile,
		"--git-cache=" + filepath.Join(temp, "cache"), "--etcd-endpoints=" + d.Etcd, "--argocd-kubeconfig=" + d.KubeConfig, "--web-destination-kubeconfig=" + d.KubeConfig}})
	if err == nil {
		err = d.hook(ctx, "http://"+hook, secret)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("nothing was rendered within a minute"))
	defer cancel()
	rendered := func(ctx context.Context) error {
		if _, err := d.run(ctx, d.Clone, "git", "pull", "--quiet"); err != nil {
			return err
		}
		_, err := os.Stat(filepath.Join(d.Clone, "environments", Name, "fleet"))
		return err
	}
	return health.Await(ctx, rendered, func() bool { return true })
}

// hook has GitLab report pushes and merge requests to an address.
func (d *demo) hook(ctx context.Context, at, secret string) error {
	token, err := os.ReadFile(d.Token)
	if err != nil {
		return err
	}
	form := url.Values{"url": {at}, "token": {secret}, "merge_requests_events": {"true"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.GitLab+"/api/v4/projects/"+Name+"/hooks", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Private-Token", strings.TrimSpace(string(token)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("making a webhook: GitLab answers %s", resp.Status)
	}
	return nil
}

// start applies the projects and the fleet's Application, as the installation says.
func (d *demo) start(ctx context.Context) error {
	projects, err := d.run(ctx, d.Clone, d.Sluice, "environment", "project", Name)
	if err != nil {
		return err
	}
	example, err := os.ReadFile(filepath.Join(d.root, "plugin", "install", "example", "fleet.yaml"))
	if err != nil {
		return err
	}
	fleet := strings.NewReplacer("https://gitlab.gatorcloud.example/platform/fleet.git", d.Repository, "pop-sha1", Name).Replace(string(example))
	client, err := d.lab.Cluster()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, text := range []string{projects, fleet} {
		objects, err := kube.Decode([]byte(text))
		if err == nil {
			err = client.Apply(ctx, objects...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// run runs a program in a folder and returns what it printed.
func (d *demo) run(ctx context.Context, dir, program string, args ...string) (string, error) {
	var out, talk strings.Builder
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &talk
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "GIT_TERMINAL_PROMPT=0")
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, strings.Join(strings.Fields(talk.String()), " "))
	}
	return out.String(), nil
}
