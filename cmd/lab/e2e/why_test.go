//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// because demands that `sluice why` ends with a code within ten seconds, and
// that the page then shows the same sentence, too: it is called when the cause
// has just appeared. The page lists every five seconds, on a busy machine after more.
func (s *site) because(subject, code string) {
	s.t.Helper()
	page := s.page()
	cause, ok := s.named(subject, code)
	if !ok {
		return
	}
	took, err := within(30*time.Second, func() error {
		err := s.shows(page, subject, cause.Sentence)
		if err != nil { // the sentence may be another by now
			var again error
			cause, again = s.cause(subject)
			err = errors.Join(err, again)
		}
		return err
	})
	if err != nil {
		s.t.Errorf("the page, %s after why %s named %s: %v, want the same sentence", took, subject, code, err)
		return
	}
	s.t.Logf("the page said so %s later", took)
}

// named demands that `sluice why` ends with a code within ten seconds.
func (s *site) named(subject, code string) (cause link, ok bool) {
	s.t.Helper()
	took, err := within(10*time.Second, func() (err error) {
		if cause, err = s.cause(subject); err == nil && cause.Code != code {
			err = fmt.Errorf("it ends with %s: %s", cause.Code, cause.Sentence)
		}
		return err
	})
	if err != nil {
		s.t.Errorf("why %s, %s after its cause appeared: %v, want %s at the end", subject, took, err, code)
		return cause, false
	}
	s.log.Mark(time.Now(), "why %s: %s", subject, code)
	s.t.Logf("why %s named %s after %s: %s", subject, code, took, cause.Sentence)
	return cause, true
}

// within tries once a second until it works, and returns how long that took and
// the last error when it did not in time.
func within(most time.Duration, try func() error) (took time.Duration, err error) {
	for start := time.Now(); ; time.Sleep(time.Second) {
		err = try()
		if took = time.Since(start).Round(time.Millisecond); err == nil || took > most {
			return took, err
		}
	}
}

// link is the last of a chain.
type link struct{ Code, Sentence string }

// looking are the flags by which why and the page find everything.
func (s *site) looking(cache string) []string {
	return []string{"--env=" + s.name, "--repo=" + s.lab.RepositoryURL(s.name), "--branch=main", "--git-cache=" + filepath.Join(s.work, ".git", cache),
		"--etcd-endpoints=" + s.lab.TenantEtcd(), "--kubeconfig=" + s.lab.KubeConfig(), "--argocd-namespace=" + lab.Namespace, "--destination-kubeconfig=" + s.lab.KubeConfig()}
}

// cause is what `sluice why` ends with.
func (s *site) cause(subject string) (link, error) {
	cmd := exec.CommandContext(s.t.Context(), s.sluice, append([]string{"why", subject, "--output=json"}, s.looking("why")...)...)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		return link{}, fmt.Errorf("%w: %s", err, &talk)
	}
	var all []struct{ Links []link }
	if err := json.Unmarshal(out, &all); err != nil || len(all) != 1 || len(all[0].Links) == 0 {
		return link{}, fmt.Errorf("it says %s: %w", out, err)
	}
	return all[0].Links[len(all[0].Links)-1], nil
}

// page returns the address of `sluice dashboard`, which has read everything once
// and serves until the test ends.
func (s *site) page() string {
	s.t.Helper()
	if s.shown != "" {
		return s.shown
	}
	cmd := exec.CommandContext(s.t.Context(), s.sluice, append([]string{"dashboard", "--listen=127.0.0.1:0"}, s.looking("page")...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended it
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("sluice dashboard says no address: %v", err)
	}
	s.shown = "http://" + strings.TrimSpace(address)
	if _, err := within(2*time.Minute, func() error { _, err := read(s.shown + "/environments/" + s.name); return err }); err != nil {
		s.t.Fatalf("sluice dashboard: %v", err)
	}
	return s.shown
}

// shows reports whether a tenant's page has a sentence.
func (s *site) shows(page, subject, sentence string) error {
	tenant, _, _ := strings.Cut(subject, "/")
	body, err := read(page + "/environments/" + s.name + "/tenants/" + tenant)
	if err == nil && !strings.Contains(html.UnescapeString(body), sentence) {
		err = fmt.Errorf("the page does not say %q", sentence)
	}
	return err
}

// read returns what an address answers, unless that is no 200 or takes ten seconds.
func read(address string) (string, error) {
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, resp.Status)
	}
	return string(body), err
}

// causes are those that no other scenario has: a quota that is used up, which
// stands on the ReplicaSet alone, and a record that cannot be read.
func (r *rig) causes(t *testing.T) {
	s := r.site(t, "causes", two())
	for _, id := range []string{"1001", "1002"} {
		s.tenant(id, "web")
	}
	s.render("two tenants")
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.quiet(now))
	})
	s.because("1001/web", "well")
	s.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none-left, namespace: " + s.namespace("1002") + "}\nspec: {hard: {pods: \"1\"}}\n")
	s.sluiced("authz", "put", "1002/web", "--replicas=4")
	s.render("more than the quota has")
	s.eventually("a ReplicaSet may make no pods", func() string {
		sets, _, err := s.client.List(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: s.namespace("1002")})
		if text := fmt.Sprint(sets); err != nil || !strings.Contains(text, "exceeded quota") {
			return fmt.Sprintf("a refusal: %v", err)
		}
		return ""
	})
	s.because("1002/web", "quota")

	s.key("/"+s.name+"/1001/rs/web", "no record")
	s.because("1001/web", "quarantined")
}

// key writes a key of etcd past everything that checks records.
func (s *site) key(name, value string) {
	s.t.Helper()
	body, err := json.Marshal(map[string][]byte{"key": []byte(name), "value": []byte(value)})
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post(s.lab.TenantEtcd()+"/v3/kv/put", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("writing %s: %s", name, resp.Status)
	}
}
