package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// pipelines returns the folder with node and gitlab-ci-local, which npm fetches
// once, as the lock in .ci/pipelines says. CI has npm and rsync.
func pipelines(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("runs pipelines")
	}
	for _, program := range []string{"npm", "rsync"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	lock, err := os.ReadFile("../../.ci/pipelines/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "sluice-tools", "pipelines-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return filepath.Join(dir, "node_modules")
	}
	next := dir + ".next"
	line := fmt.Sprintf("rm -rf %[1]s && mkdir -p %[1]s && cp ../../.ci/pipelines/*.json %[1]s && cd %[1]s && npm ci --no-audit --no-fund --loglevel=error && mv %[1]s %[2]s", next, dir)
	if out, err := exec.CommandContext(t.Context(), "sh", "-ec", line).CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return filepath.Join(dir, "node_modules")
}

// runner is a clone in which the jobs of a pipeline run, beside its server.
type runner struct {
	t       *testing.T
	modules string
	server  *httptest.Server
	bare    string // the fleet's repository on the server
	heard   string // what the server's hook heard with each push
	clone   string
	env     []string
}

// newRunner serves a repository over HTTP as GitLab does, by group and name,
// with one push from what init makes.
func newRunner(t *testing.T, flags ...string) *runner {
	t.Helper()
	r := &runner{t: t, modules: pipelines(t)}
	t.Parallel() // from here on; npm runs once
	bin := filepath.Dir(program(t))
	root, home := t.TempDir(), t.TempDir()
	r.bare, r.heard = filepath.Join(root, "acme", "fleet.git"), filepath.Join(root, "heard")
	r.server = httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(gittest.Git(t, "", "--exec-path"), "git-http-backend"),
		Env:  append(gittest.Env(), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=someone"),
	})
	t.Cleanup(r.server.Close)
	r.env = append(gittest.Env(), "PATH="+strings.Join([]string{bin, filepath.Join(r.modules, "node", "bin"), os.Getenv("PATH")}, ":"),
		"HOME="+home, "XDG_STATE_HOME="+home, "XDG_CACHE_HOME="+home)

	gittest.Git(t, "", "init", "-q", "--bare", "-b", "main", r.bare)
	gittest.Git(t, r.bare, "config", "http.receivepack", "true")
	gittest.Git(t, r.bare, "config", "receive.advertisePushOptions", "true")
	hook := fmt.Sprintf("#!/bin/sh\necho \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" >>%s\n", r.heard)
	if err := os.WriteFile(filepath.Join(r.bare, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	r.clone = filepath.Join(t.TempDir(), "fleet")
	url := r.server.URL + "/acme/fleet.git"
	r.sh(".", "sluice init "+r.clone+" --repo-url "+url+" --domain fleet.localhost "+strings.Join(flags, " "))
	r.sh(r.clone, "git init -q -b main && git remote add origin "+url+" && printf '.gitlab-ci-local\\nplan\\n' >.git/info/exclude")
	return r
}

// sh runs a line and returns what it prints.
func (r *runner) sh(dir, line string) string {
	r.t.Helper()
	out, err := r.try(dir, line)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return strings.TrimSpace(out)
}

func (r *runner) try(dir, line string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "sh", "-ec", line)
	cmd.Dir, cmd.Env = dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// push commits everything and pushes it to a branch.
func (r *runner) push(message, branch string) {
	r.t.Helper()
	r.sh(r.clone, "git add -A && git commit -qm '"+message+"' && git push -q origin HEAD:"+branch+" && git fetch -q && git remote set-head origin main")
}

// tenants pushes what there is, and renders it with a tenant in each ring.
func (r *runner) tenants() {
	r.t.Helper()
	r.sh(r.clone, `sed -i 's/^  sharePercent: 10/  tenants: ["1000001"]/' environments/local/fleet.yaml`)
	r.push("begin", "main")
	r.sh(r.clone, "sluice authz put 1000001 --name ours --code ours && sluice authz put 1000001/hello && sluice authz put 1000002 --name b --code b && sluice authz put 1000002/hello")
	r.sh(r.clone, "sluice render --env local --branch main --repo "+r.server.URL+"/acme/fleet.git")
	r.rendered("render local: 2 tenants")
}

// jobs runs jobs of the pipeline of a source on what is checked out.
func (r *runner) jobs(source string, variables []string, jobs ...string) (string, error) {
	args := []string{filepath.Join(r.modules, "gitlab-ci-local", "dist", "index.js"), "--force-shell-executor", "--shell-isolation", "--no-color",
		"--ignore-predefined-vars", "CI_PIPELINE_SOURCE,CI_PROJECT_URL,CI_DEFAULT_BRANCH,CI_MERGE_REQUEST_DIFF_BASE_SHA,CI_MERGE_REQUEST_TARGET_BRANCH_NAME"}
	url := r.server.URL + "/acme/fleet"
	for _, v := range append([]string{"CI_PIPELINE_SOURCE=" + source, "CI_PROJECT_URL=" + url, "CI_DEFAULT_BRANCH=main"}, variables...) {
		args = append(args, "--variable", v)
	}
	return r.try(r.clone, "node "+strings.Join(quoted(append(args, jobs...)), " "))
}

func quoted(args []string) []string {
	var all []string
	for _, a := range args {
		all = append(all, "'"+strings.ReplaceAll(a, "'", `'\''`)+"'")
	}
	return all
}

// mergeRequest are the variables of a merge request's pipeline.
func (r *runner) mergeRequest() []string {
	r.t.Helper()
	return []string{"CI_MERGE_REQUEST_DIFF_BASE_SHA=" + r.sh(r.clone, "git merge-base HEAD origin/main"), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main"}
}

// passes runs jobs that must pass, and returns what they print.
func (r *runner) passes(source string, variables []string, jobs ...string) string {
	r.t.Helper()
	out, err := r.jobs(source, variables, jobs...)
	if err != nil || strings.Contains(out, " WARN  "+jobs[0]) { // what is allowed to fail
		r.t.Fatalf("jobs %q: %v\n%s", jobs, err, out)
	}
	return out
}

// rendered checks that the last push to main was a commit of sluice that asked
// for no pipeline, and checks it out.
func (r *runner) rendered(what string) {
	r.t.Helper()
	if got := r.sh(r.clone, "git fetch -q && git checkout -q -B main origin/main && git log -1 --format=%B"); !strings.Contains(got, what) || !strings.Contains(got, "\nSluice-Environment: local") {
		r.t.Fatalf("the newest commit says %q, want %q", got, what)
	}
	heard, err := os.ReadFile(r.heard)
	if err != nil || !strings.HasSuffix(string(heard), "1 ci.skip=true\n") {
		r.t.Fatalf("the server heard the push options %q, %v, want ci.skip", heard, err)
	}
}

// The pipeline of a repository that init makes, with jobs that render: a bump is
// validated, merged and rendered, its rings are promoted and taken back.
func TestPipeline(t *testing.T) {
	r := newRunner(t, "--renderer", "ci")
	r.tenants()
	if out := r.passes("push", nil, "sluice-check-local"); strings.Contains(out, "the renderer follows") {
		t.Errorf("nothing was checked:\n%s", out)
	}

	// A merge request holds people's files, and waits for nobody.
	r.sh(r.clone, "git checkout -q -b bump && sluice catalog new hello/2 && sluice catalog lock && sluice bump hello=2")
	r.push("Bump hello to 2", "bump")
	if out := r.passes("merge_request_event", r.mergeRequest(), "sluice-validate"); !strings.Contains(out, "2 versions and 1 environments are valid") {
		t.Errorf("sluice-validate prints\n%s", out)
	}
	if out := r.passes("merge_request_event", r.mergeRequest(), "sluice-plan"); !strings.Contains(out, "environment local: ") || !strings.Contains(out, "rollout hello: ") {
		t.Errorf("sluice-plan prints\n%s", out)
	}
	for file, want := range map[string]string{"plan.md": "### Rollouts in `local`", "plan.json": `"product": "hello"`, "plan.html": "Rollout hello", "terraform-local-main.json": `"update":1`} {
		if got := r.sh(r.clone, "cat plan/"+file); !strings.Contains(got, want) {
			t.Errorf("the artifact %s has no %q:\n%s", file, want, got)
		}
	}
	r.sh(r.clone, "git checkout -q -b bad main && echo >>environments/local/rollouts.yaml")
	r.push("bad", "bad")
	if out, err := r.jobs("merge_request_event", r.mergeRequest(), "sluice-validate"); err == nil || !strings.Contains(out, "the engine alone writes it") {
		t.Errorf("sluice-validate of an edit of rollouts.yaml = %v\n%s", err, out)
	}

	// Merged, it is nobody's fault that it is not rendered yet; then it is.
	r.sh(r.clone, "git checkout -q main && git merge -q --no-ff -m 'Merge bump' bump && git push -q origin main")
	if out := r.passes("push", nil, "sluice-check-local"); !strings.Contains(out, "the renderer follows") {
		t.Errorf("sluice-check-local of people's commit prints\n%s", out)
	}
	r.passes("push", nil, "sluice-render-local")
	r.rendered("render local: 2 tenants")
	tip := r.sh(r.bare, "git rev-parse main")
	if r.passes("schedule", nil, "sluice-render-local"); r.sh(r.bare, "git rev-parse main") != tip {
		t.Error("a second render made a commit")
	}

	// People's word, ring by ring, and back.
	r.passes("push", []string{"REASON=seen healthy"}, "sluice-promote-local: [canary]")
	r.rendered("seen healthy")
	r.passes("push", nil, "sluice-promote-local: [canary]")
	r.rendered("hello=2 passed ring canary")
	r.passes("push", nil, "sluice-promote-local: [main]")
	r.rendered("hello=2 is granted to ring main")
	r.passes("push", []string{"PRODUCT=hello"}, "sluice-rollback-local")
	r.rendered("take hello back in canary, main")
}

// A merge request may have more commits than GitLab clones.
func TestPipelineShallow(t *testing.T) {
	r := newRunner(t, "--renderer", "ci")
	r.tenants()
	r.sh(r.clone, "git checkout -q -b long && sluice catalog new hello/2 && sluice catalog lock && sluice bump hello=2 && git add -A && git commit -qm bump")
	r.sh(r.clone, "for i in $(seq 30); do git commit -q --allow-empty -m $i; done && git push -q origin long")
	r.sh(r.clone, "git checkout -q main && git commit -q --allow-empty -m meanwhile && git push -q origin main && git checkout -q long")
	merge := r.mergeRequest()
	r.shallow("long")
	if out := r.passes("merge_request_event", merge, "sluice-validate"); !strings.Contains(out, "2 versions and 1 environments are valid") {
		t.Errorf("sluice-validate prints\n%s", out)
	}
	if out := r.passes("merge_request_event", merge, "sluice-plan"); !strings.Contains(out, "rollout hello: ") {
		t.Errorf("sluice-plan prints\n%s", out)
	}

	// A base with which there is no commit in common is said, and ends.
	r.sh(r.clone, "git checkout -q --orphan apart && git commit -qm apart && git push -q origin apart")
	merge[0] = "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + r.sh(r.clone, "git rev-parse HEAD")
	r.shallow("long")
	if out, err := r.jobs("merge_request_event", merge, "sluice-plan"); err == nil || !strings.Contains(out, "they have no commit in common") {
		t.Errorf("sluice-plan of a base that is gone = %v\n%s", err, out)
	}
}

// shallow goes on in a new clone of a branch, as GitLab's runners make them.
func (r *runner) shallow(branch string) {
	r.t.Helper()
	r.clone = filepath.Join(r.t.TempDir(), "fleet")
	r.sh(".", "git clone -q --depth=20 --no-single-branch --branch "+branch+" "+r.server.URL+"/acme/fleet.git "+r.clone)
	r.sh(r.clone, "git remote set-head origin main && printf '.gitlab-ci-local\\nplan\\n' >.git/info/exclude")
	if n := r.sh(r.clone, "git rev-list --count HEAD"); n != "20" {
		r.t.Fatalf("the clone has %s commits", n)
	}
}

// Whoever has the pipeline elsewhere includes it from there, once for each environment.
func TestPipelineIncluded(t *testing.T) {
	r := newRunner(t)
	r.sh(r.clone, "sluice environment new pop-fra1 --repo-url https://git.example/fleet.git --domain fra1.example.com --destination-name fra1 --ring main --product hello=1")
	source := filepath.Join(t.TempDir(), "sluice")
	text := "include:\n"
	for _, environment := range []string{"local", "pop-fra1"} {
		text += "- project: gatorcloud/sluice\n  file: /renderer/install/pipeline.yml\n  ref: v1\n  inputs: {environment: " + environment + ", rings: [main]}\n"
	}
	if err := os.WriteFile(filepath.Join(r.clone, ".gitlab-ci.yml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r.sh(r.clone, "mkdir -p "+source+"/renderer/install && mv .gitlab/sluice.yml "+source+"/renderer/install/pipeline.yml")
	r.sh(source, "git init -q -b main && git add -A && git commit -qm begin && git tag v1 && git clone -q --bare . "+filepath.Join(filepath.Dir(r.bare), "../gatorcloud/sluice.git"))
	r.push("begin", "main")
	out := r.passes("push", nil, "--list")
	for _, job := range []string{"sluice-check-local", "sluice-check-pop-fra1", "sluice-promote-pop-fra1", "sluice-rollback-local"} {
		if !strings.Contains(out, job) {
			t.Errorf("the pipeline has no job %s:\n%s", job, out)
		}
	}
	if strings.Contains(out, "sluice-render") {
		t.Errorf("jobs render where sluice run does:\n%s", out)
	}
	if out := r.passes("push", nil, "sluice-check-pop-fra1"); !strings.Contains(out, "the renderer follows") {
		t.Errorf("sluice-check-pop-fra1 prints\n%s", out)
	}

	// So does this project, from its own folder.
	own, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r.sh(r.clone, "git checkout -q -b own && cp "+own+"/.gitlab-ci.yml . && mkdir -p renderer/install && cp "+own+"/renderer/install/pipeline.yml renderer/install")
	r.push("own", "own")
	out = r.passes("merge_request_event", r.mergeRequest(), "--list")
	for job, runs := range map[string]bool{"\nform ": true, "\nsluice-plan ": false, "\nsluice-validate ": false} {
		if strings.Contains(out, job) != runs {
			t.Errorf("the pipeline of a merge request that touches code runs %q: %t, want %t:\n%s", job, !runs, runs, out)
		}
	}
}
