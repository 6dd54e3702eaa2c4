package etcdflags

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// resolveFor parses args and resolves them in an environment, in which $DIR is
// a directory with the given files.
func resolveFor(t *testing.T, args []string, env, files map[string]string) (Settings, error) {
	t.Helper()
	dir := t.TempDir()
	expand := func(s string) string { return strings.ReplaceAll(s, "$DIR", dir) }
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(expand(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var f Flags
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.Add(set)
	f.AddPrefix(set)
	var expanded []string
	for _, a := range args {
		expanded = append(expanded, expand(a))
	}
	if err := set.Parse(expanded); err != nil {
		t.Fatal(err)
	}
	return f.Resolve(func(name string) string { return expand(env[name]) })
}

func TestResolve(t *testing.T) {
	type m = map[string]string
	home := m{"HOME": "/home/a"}
	for name, tc := range map[string]struct {
		reason string
		args   []string
		env    m
		files  m
		want   Settings
	}{
		"Nothing":     {"an own etcd in the user's state", nil, home, nil, Settings{Dir: "/home/a/.local/state/sluice/etcd"}},
		"XDG":         {"the place that the desktop names", nil, m{"HOME": "/home/a", "XDG_STATE_HOME": "/s"}, nil, Settings{Dir: "/s/sluice/etcd"}},
		"XDGRelative": {"the specification ignores it", nil, m{"HOME": "/home/a", "XDG_STATE_HOME": "s"}, nil, Settings{Dir: "/home/a/.local/state/sluice/etcd"}},
		"Dir":         {"the place that is named", []string{"--etcd-dir", "/d"}, home, nil, Settings{Dir: "/d"}},
		"Endpoints":   {"a list", []string{"--etcd-endpoints", "a:1,b:1", "--etcd-endpoints=c:1"}, home, nil, Settings{Store: etcd.Config{Endpoints: []string{"a:1", "b:1", "c:1"}}}},
		"Environment": {"every setting has a variable", nil, m{
			"SLUICE_ETCD_ENDPOINTS": "a:1", "SLUICE_ETCD_CACERT": "/ca", "SLUICE_ETCD_CERT": "/c", "SLUICE_ETCD_KEY": "/k",
			"SLUICE_ETCD_USER": "u", "SLUICE_ETCD_PASSWORD": "p", "SLUICE_ETCD_DIAL_TIMEOUT": "1s", "SLUICE_ETCD_REQUEST_TIMEOUT": "2s", "SLUICE_ETCD_PREFIX": "/p",
		}, nil, Settings{Prefix: "/p", Store: etcd.Config{Endpoints: []string{"a:1"}, CAFile: "/ca", CertFile: "/c", KeyFile: "/k",
			Username: "u", Password: "p", DialTimeout: time.Second, RequestTimeout: 2 * time.Second}}},
		"File": {"every setting stands in a file", []string{"--etcd-config", "$DIR/etcd.yaml"}, home, m{"etcd.yaml": `
endpoints: https://a:1
cacert: /ca
cert: /c
key: /k
user: u
passwordFile: $DIR/secret
dialTimeout: 1s
requestTimeout: 2s
prefix: /p/
`, "secret": "p w\r\nsecond line"}, Settings{Prefix: "/p", Store: etcd.Config{Endpoints: []string{"https://a:1"}, CAFile: "/ca", CertFile: "/c", KeyFile: "/k",
			Username: "u", Password: "p w", DialTimeout: time.Second, RequestTimeout: 2 * time.Second}}},
		"Layers": {"flag, environment, file in this order", []string{"--etcd-endpoints", "flag:1"},
			m{"SLUICE_ETCD_ENDPOINTS": "env:1", "SLUICE_ETCD_USER": "env", "SLUICE_ETCD_CONFIG": "$DIR/etcd.yaml"},
			m{"etcd.yaml": "{endpoints: 'file:1', user: file, password: file}"},
			Settings{Store: etcd.Config{Endpoints: []string{"flag:1"}, Username: "env", Password: "file"}}},
		"DirBeatsEndpointsBelow": {"a flag says more than a variable", []string{"--etcd-dir", "/d"}, m{"SLUICE_ETCD_ENDPOINTS": "env:1"}, nil, Settings{Dir: "/d"}},
		"EndpointsBeatDirBelow":  {"a flag says more than a variable", []string{"--etcd-endpoints", "a:1"}, m{"SLUICE_ETCD_DIR": "/d"}, nil, Settings{Store: etcd.Config{Endpoints: []string{"a:1"}}}},
		"PasswordFileBeatsBelow": {"a flag says more than a variable", []string{"--etcd-endpoints", "a:1", "--etcd-password-file", "$DIR/secret"},
			m{"SLUICE_ETCD_PASSWORD": "env"}, m{"secret": "file"}, Settings{Store: etcd.Config{Endpoints: []string{"a:1"}, Password: "file"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.want.Prefix == "" {
				tc.want.Prefix = "/tenant/info"
			}
			got, err := resolveFor(t, tc.args, tc.env, tc.files)
			if err != nil {
				t.Fatalf("%s: Resolve: %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: Resolve (-want +got):\n%s", tc.reason, diff)
			}
			if got.Embedded() != (len(tc.want.Store.Endpoints) == 0) {
				t.Errorf("Embedded = %v", got.Embedded())
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	type m = map[string]string
	for name, tc := range map[string]struct {
		reason string
		args   []string
		env    m
		files  m
		shows  string
	}{
		"EndpointsAndDir":     {"which one?", []string{"--etcd-endpoints", "a:1", "--etcd-dir", "/d"}, nil, nil, "endpoints and dir"},
		"PasswordAndFile":     {"which one?", []string{"--etcd-endpoints", "a:1"}, m{"SLUICE_ETCD_PASSWORD": "hush", "SLUICE_ETCD_PASSWORD_FILE": "/f"}, nil, "password-file"},
		"PasswordFileMissing": {"no such file", []string{"--etcd-endpoints", "a:1", "--etcd-password-file", "/nowhere"}, nil, nil, "/nowhere"},
		"PasswordFileEmpty":   {"no password in it", []string{"--etcd-endpoints", "a:1", "--etcd-password-file", "$DIR/f"}, nil, m{"f": "\nhush"}, "empty"},
		"ConfigMissing":       {"no such file", []string{"--etcd-config", "/nowhere"}, nil, nil, "/nowhere"},
		"ConfigUnknown":       {"a misspelt setting", []string{"--etcd-config", "$DIR/c"}, nil, m{"c": "endpoint: a:1"}, `"endpoint"`},
		"ConfigDuplicate":     {"which one counts?", []string{"--etcd-config", "$DIR/c"}, nil, m{"c": "dir: a\ndir: b"}, "dir"},
		"Timeout":             {"no duration", []string{"--etcd-endpoints", "a:1", "--etcd-dial-timeout", "5"}, nil, nil, `"5"`},
		"TimeoutNegative":     {"no time at all", []string{"--etcd-endpoints", "a:1"}, m{"SLUICE_ETCD_REQUEST_TIMEOUT": "-1s"}, nil, `"-1s"`},
		"Prefix":              {"not absolute", []string{"--etcd-prefix", "tenant"}, nil, nil, `"tenant"`},
		"NoHome":              {"nowhere to put the data", nil, nil, nil, "HOME"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolveFor(t, tc.args, tc.env, tc.files)
			if err == nil || !strings.Contains(err.Error(), tc.shows) || fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
				t.Fatalf("%s: Resolve = %v with hint %q, want an error that shows %s", tc.reason, err, fault.HintOf(err), tc.shows)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("error %q shows the password", err)
			}
		})
	}
}

func TestOpenStopsWhatItStarted(t *testing.T) {
	stopped := false
	embed := func(context.Context, string) ([]string, func() error, error) {
		return []string{"unix:///nowhere"}, func() error { stopped = true; return nil }, nil
	}
	if _, _, err := (Settings{Dir: "/d"}).Open(t.Context(), embed); err == nil || !stopped {
		t.Errorf("Open = %v, stopped %v, want an error and the server stopped", err, stopped)
	}
	want := errors.New("no room")
	_, _, err := (Settings{Dir: "/d"}).Open(t.Context(), func(context.Context, string) ([]string, func() error, error) { return nil, nil, want })
	if !errors.Is(err, want) {
		t.Errorf("Open = %v, want %v", err, want)
	}
}
