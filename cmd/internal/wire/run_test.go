package wire

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// A kubeconfig leads to the Applications of the namespace that was asked for.
func TestApplications(t *testing.T) {
	var got string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + string(body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}`)
	}))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.crt")
	config := filepath.Join(dir, "config")
	text := fmt.Sprintf(`current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: %q, certificate-authority: ca.crt}}]
users: [{name: u, user: {token: secret}}]
`, s.URL)
	for name, data := range map[string][]byte{ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), config: []byte(text)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	apps, closed, err := applications(argoflags.Cluster{Kubeconfig: config, Namespace: "gitops"})
	if err != nil {
		t.Fatal(err)
	}
	defer closed()
	const want = `PATCH /apis/argoproj.io/v1alpha1/namespaces/gitops/applications/pop {"metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal"}}}`
	if err := apps.Refresh(t.Context(), "pop"); err != nil || got != want {
		t.Errorf("Refresh() asked %q (%v), want %q", got, err, want)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for _, place := range []string{argoflags.InCluster, filepath.Join(dir, "nowhere")} {
		if apps, _, err := applications(argoflags.Cluster{Kubeconfig: place, Namespace: "gitops"}); apps != nil || fault.HintOf(err) == "" {
			t.Errorf("applications(%q) = %v, %v, want a hint", place, apps, err)
		}
	}
}
