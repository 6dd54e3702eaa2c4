//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
)

// forge is a site whose repository is a project of a GitLab, in which `sluice
// run` keeps notes.
type forge struct {
	*site
	fake *gitlabtest.Server
	// repository is its URL in GitLab, token the file of a developer's token.
	repository, token string
}

// forge puts the site's repository into a GitLab; nobody watches the site yet.
func (s *site) forge() *forge {
	s.t.Helper()
	dir := filepath.Join(s.lab.GitRoot(), s.name+".git")
	git, err := gitlabtest.Git(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	project := "clouds/" + s.name
	fake := gitlabtest.New(gitlabtest.Options{Dir: dir, Project: project, Git: git, Checks: 1, NeedPipeline: true})
	server := httptest.NewServer(fake)
	s.t.Cleanup(func() { server.Close(); fake.Close() })
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	hook := free.Addr().String()
	if err := free.Close(); err != nil {
		s.t.Fatal(err)
	}
	const secret = "the scenario's webhook"
	fake.Hook("http://"+hook, secret)
	s.flags = []string{"--gitlab-url=" + server.URL, "--gitlab-project=" + project, "--gitlab-token-file=" + s.secret(fake.User("sluice")),
		"--webhook-listen=" + hook, "--webhook-secret-file=" + s.secret(secret)}
	return &forge{site: s, fake: fake, repository: server.URL + "/" + project + ".git", token: s.secret(fake.User("ann"))}
}

// secret writes a secret into a file of its own.
func (s *site) secret(text string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// bump opens a merge request by sluice and returns its number.
func (f *forge) bump(wanted ...string) int64 {
	f.t.Helper()
	args := append([]string{"bump"}, wanted...)
	if _, err := f.command(f.rig.sluice, append(args, "--env="+f.name, "--repo="+f.repository, "--branch=main", "--mr", "--gitlab-token-file="+f.token)...); err != nil {
		f.t.Fatal(err)
	}
	return f.fake.MergeRequests()[len(f.fake.MergeRequests())-1].Number
}

// edit has somebody open a merge request of what change writes.
func (f *forge) edit(title, branch string, change func()) int64 {
	f.t.Helper()
	f.pull()
	change()
	f.git("add", "--all")
	f.git("commit", "--quiet", "--message="+title)
	f.git("push", "--quiet", "origin", "HEAD:refs/heads/"+branch)
	f.pull()
	return f.fake.Open("ann", title, branch)
}

// publish has somebody make a version of a product from another one, by change of
// its files, which no ring wants yet.
func (f *forge) publish(product, version, from string, change func(dir string)) {
	f.t.Helper()
	f.pull()
	product += "/"
	dir := "catalog/products/" + product + version
	for _, args := range [][]string{{"catalog", "new", product + version, "--from=" + product + from}, nil, {"catalog", "lock"}} {
		if args == nil {
			change(dir)
		} else if _, err := f.command(f.rig.sluice, args...); err != nil {
			f.t.Fatal(err)
		}
	}
	f.merge("published " + product + version)
}

// replace takes texts out of a file and puts others in.
func (f *forge) replace(name string, pairs ...string) {
	f.t.Helper()
	text := f.read(name)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			f.t.Fatalf("%s has no %q", name, pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	f.writeFile(name, text)
}

// planned is what `sluice plan -o json` says of the environment.
type planned struct {
	Environment string
	Folded      int
	Changes     []struct {
		Object, Impact string
		Tenants        int
		Rings          map[string]int
	}
}

// pipeline does what the pipeline of a merge request does, and returns the plan.
func (f *forge) pipeline(number int64) planned {
	f.t.Helper()
	branch := f.fake.MergeRequests()[number-1].Source
	f.git("fetch", "--quiet", "origin")
	f.git("checkout", "--quiet", "--detach", "origin/"+branch)
	defer f.git("checkout", "--quiet", "main")
	if _, err := f.command(f.rig.sluice, "validate"); err != nil {
		f.t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(f.t.Context(), f.rig.sluice, "plan", "--env="+f.name, "--against=origin/main", "--output=json")
	cmd.Dir, cmd.Stderr = f.work, &stderr
	out, err := cmd.Output()
	if code := new(exec.ExitError); !errors.As(err, &code) || code.ExitCode() != 1 {
		f.t.Fatalf("planning !%d: %v, want the exit code of an effect: %s", number, err, stderr.String())
	}
	var plans []planned
	if err := json.Unmarshal(out, &plans); err != nil || len(plans) != 1 {
		f.t.Fatalf("planning !%d: %v: %s", number, err, out)
	}
	if err := f.fake.Pipeline(number, "success"); err != nil {
		f.t.Fatal(err)
	}
	return plans[0]
}

// noted waits until sluice's note in a merge request has every object of the plan.
func (f *forge) noted(number int64, p planned) {
	f.t.Helper()
	f.eventually(fmt.Sprintf("!%d has its note", number), func() string {
		notes := f.fake.MergeRequests()[number-1].Notes
		if len(notes) != 1 || notes[0].By != "sluice" {
			return fmt.Sprintf("there are %d notes", len(notes))
		}
		for _, c := range p.Changes {
			if !strings.Contains(notes[0].Body, c.Object) {
				return c.Object + " in " + notes[0].Body
			}
		}
		return ""
	})
}

// accept has somebody press the button.
func (f *forge) accept(number int64) {
	f.t.Helper()
	f.log.Mark(time.Now(), "merged !%d", number)
	if err := f.fake.Merge(number, "ann"); err != nil {
		f.t.Fatal(err)
	}
}
