package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// command is one line that a page tells people to run.
type command struct {
	text  string
	line  int
	block int // commands of a block share a folder; 0 is one in the text
}

var (
	known  = regexp.MustCompile(`^(go|make|sluice|sluice-cmp) `)
	begins = regexp.MustCompile(`^    (go|make|sluice|sluice-cmp|cd|git|ls) ?`)
	inline = regexp.MustCompile("`([^`\n]+)`")
)

// commands returns what a page tells people to run: the lines of its sh blocks
// and of indented blocks that begin with a command, and commands in its text.
func commands(page string) []command {
	var all []command
	fenced, indented, block := "", false, 0
	for i, text := range strings.Split(page, "\n") {
		add := func(s string, block int) { all = append(all, command{strings.TrimSpace(s), i + 1, block}) }
		switch {
		case strings.HasPrefix(text, "```"):
			block++
			if fenced != "" {
				fenced = ""
			} else if fenced = text; text == "```" {
				fenced = "```text"
			}
		case fenced == "```sh":
			add(text, block)
		case fenced != "":
		case strings.HasPrefix(text, "    "):
			if !indented && begins.MatchString(text) {
				indented = true
				block++
			}
			if indented {
				add(text, block)
			}
		default:
			indented = false
			for _, m := range inline.FindAllStringSubmatch(text, -1) {
				if known.MatchString(m[1]) {
					add(m[1], 0)
				}
			}
		}
	}
	return all
}

// TestPages tries every command of the pages: those of sluice, and what people
// type around them, are run one after another in a copy of what people write;
// of what takes long or needs a cluster the words are looked up.
func TestPages(t *testing.T) {
	if testing.Short() {
		t.Skip("runs what the pages say")
	}
	tools := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", tools, "../sluice-cmp").CombinedOutput(); err != nil {
		t.Fatalf("building sluice-cmp: %v\n%s", err, out)
	}
	for _, page := range []string{"README.md", "renderer/README.md", "renderer/ingest/README.md", "plugin/README.md", "catalog/products/README.md",
		".gitlab/CONTRIBUTING.md", ".gitlab/merge_request_templates/Default.md", ".gitlab/merge_request_templates/Bump.md",
		".gitlab/merge_request_templates/Version.md"} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("../..", page))
			if err != nil {
				t.Fatal(err)
			}
			all := commands(string(data))
			if len(all) == 0 {
				t.Errorf("%s has no commands", page)
			}
			r := newReader(t, tools)
			for _, c := range all {
				if err := r.try(c); err != nil {
					t.Errorf("%s:%d: %s: %v", page, c.line, c.text, err)
				}
			}
		})
	}
}

// A command that is wrong is found.
func TestWrongCommandsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("runs what a page says")
	}
	r := newReader(t, t.TempDir())
	for name, tc := range map[string]struct{ page, reason string }{
		"Target":       {"see `make nothing`", "the Makefile has it not"},
		"Command":      {"```sh\nsluice rendr --from-git\n```", "it is spelt render"},
		"Part":         {"`sluice catalog grap swg/202`", "it is spelt graph"},
		"Flag":         {"`sluice render --nope`", "there is no such flag"},
		"UnrunFlag":    {"    sluice run --nope", "also of what is not run"},
		"Fails":        {"    sluice catalog graph swg/999", "there is no such version"},
		"LaterInBlock": {"```sh\ntrue\n# a remark\nfalse\n```", "each line counts"},
		"Folder":       {"```sh\ncd catalog/nothing\n```", "there is no such folder"},
		"Package":      {"`go test ./renderer/nothing`", "there is no such package"},
		"Test":         {"`go test ./renderer/render/... -run TestNothing`", "there is no such test"},
		"TestUpdate":   {"`go test ./renderer/model/tree -run TestDigestGolden -update`", "it updates nothing"},
		"Symbol":       {"`go doc ./renderer/render Nothing`", "there is no such symbol"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range commands(tc.page) {
				if r.try(c) != nil {
					return
				}
			}
			t.Errorf("try(%q) finds nothing wrong: %s", tc.page, tc.reason)
		})
	}
}

// reader is somebody who does what the pages say.
type reader struct {
	t    *testing.T
	root string // of the source
	home string // a repository with what people write
	env  []string
	// at is the folder that the commands of a block have come to.
	at    string
	block int
}

func newReader(t *testing.T, tools string) *reader {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, root: root, home: filepath.Join(dir, "repo"), env: append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+dir+"/state",
		"XDG_CACHE_HOME="+dir+"/cache", "GIT_CONFIG_GLOBAL="+os.DevNull, "PATH="+tools+":"+os.Getenv("PATH"))}
	for _, line := range []string{
		"mkdir repo repo/environments", "cp -r " + root + "/catalog repo", "cp -r " + root + "/environments/local repo/environments",
		"git init -qb main repo", "git -C repo add -A", "git -C repo -c user.name=t -c user.email=t@localhost commit -qm seed",
		"git clone -q --bare repo fleet.git",
	} {
		if _, err := r.shell(line, dir, r.env); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return r
}

// shell runs a line in a folder and returns what it prints.
func (r *reader) shell(line, dir string, env []string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "sh", "-ec", line)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return string(out), err
}

// unrun are beginnings of commands that are not run here, with the reason.
var unrun = map[string]string{
	"sluice ingest":    "asks an SPS",
	"sluice run ":      "runs for ever",
	"sluice dashboard": "serves for ever",
	"sluice rollout ":  "needs an Argo CD",
}

// try runs a command, or looks its words up.
func (r *reader) try(c command) error {
	if c.block == 0 || c.block != r.block {
		r.at, r.block = r.home, c.block
	}
	line := strings.Replace(c.text, "go run ./cmd/sluice ", "sluice ", 1)
	// The pages' server is the bare repository beside the folder.
	line = strings.ReplaceAll(line, "https://git.example/fleet.git", filepath.Join(filepath.Dir(r.home), "fleet.git"))
	line, _, _ = strings.Cut(line, " #")
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "export", "kubectl": // the path is the test's own; not ours
		return nil
	case "cd":
		r.at = filepath.Join(r.at, words[1])
		_, err := os.Stat(r.at)
		return err
	case "make":
		return r.targets(words[1:])
	case "go":
		return r.goes(words[1:])
	}
	looked := c.block == 0
	for begin := range unrun {
		looked = looked || strings.HasPrefix(line, begin)
	}
	if looked {
		return r.help(line)
	}
	_, err := r.shell(line, r.at, r.env)
	return err
}

// help asks a command for its help: that fails for unknown flags, and prints
// the list of commands for unknown words.
func (r *reader) help(line string) error {
	out, err := r.shell(line+" --help", r.home, r.env)
	words := strings.Fields(line)
	if err != nil || len(words) <= 2 || !strings.Contains(out, "Available Commands:") {
		return err
	}
	if strings.HasPrefix(words[2], "-") && strings.Contains(out, words[1]+" [flags]") {
		return nil // a group that does something itself
	}
	return errors.New("no such command")
}

// targets looks for targets of make.
func (r *reader) targets(words []string) error {
	makefile, err := os.ReadFile(filepath.Join(r.root, "Makefile"))
	if err != nil {
		return err
	}
	for _, w := range words {
		if !strings.ContainsAny(w, "='") && !strings.Contains(string(makefile), "\n"+w+":") {
			return fmt.Errorf("Makefile has no target %q", w)
		}
	}
	return nil
}

// goes runs go doc; of other commands of go it looks for packages and tests.
func (r *reader) goes(words []string) error {
	if words[0] == "doc" {
		_, err := r.shell("go "+strings.Join(words, " "), r.root, os.Environ())
		return err
	}
	var tests strings.Builder
	found := false
	for _, w := range words {
		if dir, ok := strings.CutPrefix(w, "./"); ok {
			dir, _, _ = strings.Cut(dir, "...")
			files, _ := filepath.Glob(filepath.Join(r.root, dir, "*"))
			for _, f := range files {
				found = found || strings.HasSuffix(f, ".go") || strings.HasSuffix(w, "...")
				if data, err := os.ReadFile(f); err == nil && strings.HasSuffix(f, "_test.go") {
					tests.Write(data)
				}
			}
		}
	}
	if !found {
		return errors.New("no such package")
	}
	if i := slices.Index(words, "-run"); i >= 0 {
		name, _, _ := strings.Cut(words[i+1], "/")
		if !regexp.MustCompile(`(?m)^func \w*` + name + `\w*\(`).MatchString(tests.String()) {
			return fmt.Errorf("no test is called %s", name)
		}
	}
	if slices.Contains(words, "-update") && !strings.Contains(tests.String(), `flag.Bool("update"`) {
		return errors.New("the test has no flag -update")
	}
	return nil
}
