package ingestcmd_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestcmd"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// log collects what a command writes, which many goroutines may do.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func serve(t *testing.T) *etcd.Store {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: s.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = store.Close()
		_ = s.Close()
	})
	return store
}

func deps(store *etcd.Store) ingestcmd.Deps {
	return ingestcmd.Deps{EtcdFlags: func(*pflag.FlagSet) {}, Now: time.Now, Version: "test",
		Etcd: func(context.Context) (*etcd.Store, string, func() error, error) {
			return store, authz.DefaultPrefix, func() error { return nil }, nil
		}}
}

const tenant = `{"tenantId": "1000006", "tenantName": "a secret name", "tenantCode": "c5", "authorisations": [{"product": "swg", "replicas": %d, "startTime": "2024-06-18T00:00:00Z"}]}`

func put(t *testing.T, s *spstest.Server, replicas int) {
	t.Helper()
	if err := s.Put("1000006", fmt.Sprintf(tenant, replicas)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec // a server of this test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// bearer is the token of the caller portal.
const bearer = "0c9e2b8a7d614f53b2a4c1e8f7d6a5b4"

func ask(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("in 30 s it did not come that %s", what)
}

func TestIngest(t *testing.T) {
	sps, store, dir := spstest.New(), serve(t), t.TempDir()
	if err := sps.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer sps.Close()
	sps.RequireToken("hush")
	put(t, sps, 1)
	key := []byte("a key of twenty-four bytes or more")
	write(t, dir, "token", "hush\n")
	write(t, dir, "callers", "portal "+bearer+"\n")
	write(t, dir, "keys", "# SPS\nwhsec_"+base64.StdEncoding.EncodeToString(key)+"\n")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stderr log
	done := make(chan error, 1)
	go func() {
		cmd := ingestcmd.New(deps(store))
		cmd.SetErr(&stderr)
		cmd.SetArgs([]string{"--sps-url", sps.URL(), "--sps-token-file", filepath.Join(dir, "token"), "--notify-keys", filepath.Join(dir, "keys"),
			"--listen", "127.0.0.1:0", "--query-listen", "127.0.0.1:0", "--query-tokens", filepath.Join(dir, "callers"), "--notify-listen", "127.0.0.1:0", "--reread", "1s"})
		done <- cmd.ExecuteContext(ctx)
	}()
	replicas := func() int {
		l, err := store.Records(authz.DefaultPrefix).List(t.Context())
		if err != nil || len(l.Tenants) == 0 {
			return 0
		}
		return l.Tenants[0].Authorisations[0].Replicas
	}
	eventually(t, "the list is in etcd", func() bool { return replicas() == 1 })
	metrics, api := "http://"+address(t, &stderr, "listen"), "http://"+address(t, &stderr, "notify-listen")+"/v1/notify"
	put(t, sps, 4)
	for id, want := range map[string]int{"a": http.StatusAccepted, "b": http.StatusUnauthorized} {
		signer := key
		if id == "b" {
			signer = []byte("another key of twenty-four bytes")
		}
		if got, err := (spstest.Notice{ID: id, At: time.Now(), Tenant: "1000006", Keys: [][]byte{signer}}).Send(t.Context(), api); got != want || err != nil {
			t.Errorf("notice %q is answered %d, %v, want %d", id, got, err, want)
		}
	}
	eventually(t, "a notice is followed", func() bool { return replicas() == 4 })
	if code, body := get(t, metrics+"/readyz?verbose"); code != http.StatusOK || !strings.Contains(body, "[+]etcd ok") {
		t.Errorf("readyz = %d %q", code, body)
	}
	eventually(t, "metrics show what was done", func() bool {
		_, body := get(t, metrics+"/metrics")
		return strings.Contains(body, `sluice_ingest_notices_total{cause="accepted"} 1`) && strings.Contains(body, `sluice_ingest_notices_total{cause="unsigned"} 1`) &&
			strings.Contains(body, `sluice_ingest_fetches_total{outcome="written"} 1`) && strings.Contains(body, "sluice_ingest_last_list_timestamp_seconds 1.")
	})
	// SPS that is away makes nobody unready, and what it says of a tenant is in no log.
	sps.Set(spstest.Faults{Raw: map[string]string{"1000006": fmt.Sprintf(tenant, -1)}})
	if _, err := (spstest.Notice{ID: "c", At: time.Now(), Tenant: "1000006", Keys: [][]byte{key}}).Send(t.Context(), api); err != nil {
		t.Error(err)
	}
	eventually(t, "a bad document is told", func() bool { return strings.Contains(stderr.String(), `"outcome":"quarantined"`) })
	if code, _ := get(t, metrics+"/readyz"); code != http.StatusOK {
		t.Errorf("readyz = %d while one tenant is bad", code)
	}
	if got := stderr.String(); strings.Contains(got, "secret") || strings.Contains(got, "hush") || strings.Contains(got, "replicas") {
		t.Errorf("the log tells too much:\n%s", got)
	}
	queries := "http://" + address(t, &stderr, "query-listen") + "/v1/tenants/1000006"
	eventually(t, "queries are answered from the copy", func() bool {
		code, body := ask(t, queries, bearer)
		return code == http.StatusOK && strings.Contains(body, `"replicas":4`)
	})
	if code, _ := ask(t, queries, "nobody's token"); code != http.StatusUnauthorized {
		t.Errorf("a stranger's query is answered %d", code)
	}
	sps.Set(spstest.Faults{})
	sps.Tell(spstest.Notices{URL: api, Key: key})
	put(t, sps, 5)
	eventually(t, "the fake tells of its changes", func() bool { return replicas() == 5 })
	stop()
	if err := <-done; err != nil {
		t.Errorf("ended with %v, want without an error", err)
	}
	if !strings.Contains(stderr.String(), `"msg":"stopped"`) {
		t.Errorf("the log does not end with a word:\n%s", stderr.String())
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// address finds in the log where something is served.
func address(t *testing.T, l *log, what string) string {
	t.Helper()
	m := regexp.MustCompile(`"what":"` + what + `","address":"([^"]+)"`).FindStringSubmatch(l.String())
	if m == nil {
		t.Fatalf("the log does not say where %s is:\n%s", what, l.String())
	}
	return m[1]
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "keys", "whsec_c2hvcnQ=\n")
	write(t, dir, "good", "whsec_"+base64.StdEncoding.EncodeToString([]byte("a key of more than twenty-four bytes"))+"\n")
	write(t, dir, "mapping", "tenant: {tenantID: id}\n")
	store := serve(t)
	for name, tc := range map[string]struct {
		reason string
		args   []string
		says   string
	}{
		"NoURL":     {"SPS has no default", nil, "--sps-url"},
		"User":      {"a password in a URL ends in logs", []string{"--sps-url", "https://me:hush@sps"}, "--sps-token-file"},
		"ShortKey":  {"a key that can be guessed", []string{"--sps-url", "http://sps", "--notify-keys", filepath.Join(dir, "keys")}, "24 random bytes"},
		"NoKeys":    {"a file that is not there", []string{"--sps-url", "http://sps", "--notify-keys", filepath.Join(dir, "none")}, "--notify-keys"},
		"BadNames":  {"a field that the contract has not", []string{"--sps-url", "http://sps", "--sps-mapping", filepath.Join(dir, "mapping")}, `did you mean "tenantId"?`},
		"Nobody":    {"queries that nobody may make", []string{"--sps-url", "http://sps", "--query-listen", "127.0.0.1:0"}, "--query-tokens"},
		"Plain":     {"notices that anybody on the way may keep", []string{"--sps-url", "http://sps", "--notify-keys", filepath.Join(dir, "good"), "--notify-listen", "0.0.0.0:0", "--listen", ""}, "--notify-cert"},
		"Cron":      {"no schedule", []string{"--sps-url", "http://sps", "--pull-cron", "often"}, "five fields"},
		"Zone":      {"a zone of nothing", []string{"--sps-url", "http://sps", "--pull-zone", "UTC"}, "--pull-cron"},
		"Clear":     {"a token in clear", []string{"--sps-url", "http://sps", "--sps-token-file", "x"}, "https://"},
		"HalfACert": {"a certificate without its key", []string{"--sps-url", "https://sps", "--sps-cert", "x"}, "--sps-key"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := ingestcmd.New(deps(store))
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(tc.args)
			err := cmd.ExecuteContext(t.Context())
			if err == nil || !strings.Contains(fault.HintOf(err), tc.says) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%q = %v with hint %q, want one that says %q: %s", tc.args, err, fault.HintOf(err), tc.says, tc.reason)
			}
		})
	}
}

// The Deployment in renderer/install gives `sluice ingest` flags that it has.
func TestInstalledArgsAreFlags(t *testing.T) {
	data, err := os.ReadFile("../../../../renderer/install/ingest/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Args []string } }
			}
		}
	}
	if err := yaml.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	args, cmd := d.Spec.Template.Spec.Containers[0].Args, ingestcmd.New(deps(nil))
	if err := cmd.ParseFlags(args[1:]); err != nil || args[0] != cmd.Name() || len(args) < 5 {
		t.Errorf("args %q: %v, want those of %s", args, err, cmd.Name())
	}
}
