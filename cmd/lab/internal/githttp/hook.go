package githttp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// HookName is the name under which git runs the hook after a push.
const HookName = "post-receive"

// The hook is told where to report through the environment that it inherits from the server.
const (
	WebhookEnv = "LAB_WEBHOOK"
	BaseEnv    = "LAB_GIT_URL"
)

// maxCommits is how many commits GitLab names in one event, the newest ones.
const maxCommits = 20

// Push is a GitLab push event, as far as Argo CD reads it.
type Push struct {
	Kind    string   `json:"object_kind"`
	Before  string   `json:"before"`
	After   string   `json:"after"`
	Ref     string   `json:"ref"`
	Project Project  `json:"project"`
	Commits []Commit `json:"commits"`
	Total   int      `json:"total_commits_count"`
}

// Project is the repository of a push event.
type Project struct {
	WebURL        string `json:"web_url"`
	HTTPURL       string `json:"git_http_url"`
	DefaultBranch string `json:"default_branch"`
}

// Commit is a commit of a push event with the files that it touched.
type Commit struct {
	ID       string   `json:"id"`
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Removed  []string `json:"removed"`
}

// Hook reports what was pushed to the repository in dir, as git tells it on
// stdin, to the webhook at the URL; base is the URL of the server. A push
// counts whether or not anybody hears of it, so callers only print the error.
func Hook(ctx context.Context, dir string, stdin io.Reader, webhook, base string) error {
	var errs []error
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) != 3 || !strings.HasPrefix(f[2], "refs/heads/") || isZero(f[1]) {
			continue
		}
		event, err := describe(ctx, dir, f[0], f[1], f[2], base)
		if err == nil {
			err = post(ctx, webhook, event)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, lines.Err())...)
}

func isZero(id string) bool { return strings.Trim(id, "0") == "" }

func describe(ctx context.Context, dir, before, after, ref, base string) (Push, error) {
	name := strings.TrimSuffix(filepath.Base(dir), ".git")
	event := Push{
		Kind: "push", Before: before, After: after, Ref: ref,
		Project: Project{WebURL: base + "/" + name, HTTPURL: base + "/" + name + ".git", DefaultBranch: "main"},
	}
	span := before + ".." + after
	if isZero(before) {
		span = after
	}
	out, err := git(ctx, dir, "rev-list", span)
	if err != nil {
		return Push{}, err
	}
	ids := strings.Fields(out)
	event.Total = len(ids)
	for _, id := range ids[:min(len(ids), maxCommits)] {
		c, err := touched(ctx, dir, id)
		if err != nil {
			return Push{}, err
		}
		event.Commits = append(event.Commits, c)
	}
	return event, nil
}

// touched lists the files of a commit against its first parent; a rename is a removal and an addition.
func touched(ctx context.Context, dir, id string) (Commit, error) {
	out, err := git(ctx, dir, "diff-tree", "--root", "-r", "-z", "--no-commit-id", "--no-renames", "--name-status", "-m", "--first-parent", id)
	if err != nil {
		return Commit{}, err
	}
	c := Commit{ID: id}
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		switch status, file := fields[i], fields[i+1]; status {
		case "A":
			c.Added = append(c.Added, file)
		case "D":
			c.Removed = append(c.Removed, file)
		default:
			c.Modified = append(c.Modified, file)
		}
	}
	return c, nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_DIR="+dir)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running git %s: %w", args[0], err)
	}
	return string(out), nil
}

func post(ctx context.Context, webhook string, event Push) error {
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encoding a push event: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sending a push event: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Gitlab-Event", "Push Hook")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return fmt.Errorf("sending a push event: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("sending a push event: the receiver answers %s", resp.Status)
	}
	return nil
}
