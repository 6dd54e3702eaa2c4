package gitlabflags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("glpat-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := map[string]string{TokenVariable: "glpat-2"}
	for name, tc := range map[string]struct {
		reason, repo string
		env          map[string]string
		args         []string
		url, project string
		token        string // empty for a refusal
	}{
		"FromRepo":  {"what the repository says is not said twice", "https://git.example/clouds/fleet.git", token, nil, "https://git.example", "clouds/fleet", "glpat-2"},
		"BelowPath": {"an instance below a path", "https://git.example/gitlab/clouds/fleet", token, []string{"--gitlab-url", "https://git.example/gitlab/"}, "https://git.example/gitlab/", "clouds/fleet", "glpat-2"},
		"Named":     {"said is said", "https://git.example/clouds/fleet.git", token, []string{"--gitlab-project", "7"}, "https://git.example", "7", "glpat-2"},
		"Other":     {"a mirror elsewhere does not say the project", "https://mirror.example/x.git", token, []string{"--gitlab-url", "https://git.example"}, "", "", ""},
		"SSH":       {"nor does ssh", "git@git.example:clouds/fleet.git", token, nil, "", "", ""},
		"File":      {"a file that may rotate", "https://git.example/a/b", token, []string{"--gitlab-token-file", file}, "https://git.example", "a/b", "glpat-1"},
		"NoFile":    {"is not there", "https://git.example/a/b", token, []string{"--gitlab-token-file", file + "x"}, "https://git.example", "a/b", ""},
		"NoToken":   {"nobody is let in", "https://git.example/a/b", nil, nil, "https://git.example", "a/b", ""},
		"NoCA":      {"is not there", "https://git.example/a/b", token, []string{"--gitlab-cacert", file + "x"}, "https://git.example", "a/b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := New(func(key string) string { return tc.env[key] })
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			f.Add(set, "that is asked")
			if err := set.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			o, err := f.Options(tc.repo)
			if (err == nil) != (tc.token != "") || err != nil && (fault.HintOf(err) == "" || strings.Contains(err.Error(), "glpat")) {
				t.Fatalf("Options() = %v, want %t: %s", err, tc.token != "", tc.reason)
			}
			if err != nil {
				return
			}
			got, err := o.Token()
			if err != nil || got != tc.token || o.URL != tc.url || o.Project != tc.project {
				t.Errorf("Options() = %q %q with token %q, %v, want %q %q %q: %s", o.URL, o.Project, got, err, tc.url, tc.project, tc.token, tc.reason)
			}
		})
	}
}
