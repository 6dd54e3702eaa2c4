package conformance_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/cmpserver"
	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	stock "github.com/argoproj/argo-cd/v2/cmpserver/plugin"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/plugin"
	native "github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// program builds sluice-cmp as a release is built.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sluice-cmp")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "github.com/gatorcloud/sluice/cmd/sluice-cmp")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building sluice-cmp: %v: %s", err, out)
	}
	return file
}

// folder returns a folder whose name is short enough for a socket.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cmp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// commands runs Argo CD's own argocd-cmp-server with the commands of
// sluice-cmp, as plugin.yaml names them, and returns a client of it.
func commands(t *testing.T) apiclient.ConfigManagementPluginServiceClient {
	t.Helper()
	dir := folder(t)
	t.Setenv("ARGOCD_CMP_WORKDIR", filepath.Join(dir, "work"))
	file := program(t)
	config := stock.PluginConfig{}
	config.Kind, config.Metadata.Name = stock.ConfigManagementPluginKind, "sluice"
	config.Spec.Generate = stock.Command{Command: []string{file, "generate"}}
	config.Spec.Parameters.Dynamic = stock.Command{Command: []string{file, "parameters"}}
	s, err := cmpserver.NewServer(stock.CMPServerInitConstants{PluginConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	server, err := s.CreateGRPC()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return client(t, socket)
}

// served runs the native server.
func served(t *testing.T) apiclient.ConfigManagementPluginServiceClient {
	t.Helper()
	socket := filepath.Join(folder(t), "s")
	l, err := native.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	server := native.New(native.Options{Generator: plugin.New(overlay.New(overlay.Options{}))})
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-done })
	return client(t, socket)
}

func client(t *testing.T, socket string) apiclient.ConfigManagementPluginServiceClient {
	t.Helper()
	closer, c, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	return c
}

// asked is a directory and the parameters that Argo CD sends with it.
type asked struct {
	dir        *tree.Dir
	parameters string
}

func (a asked) write(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range a.dir.Files() {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// send asks for the directory that lies in a folder.
func (a asked) send(ctx context.Context, c apiclient.ConfigManagementPluginServiceClient, root string) (*apiclient.ManifestResponse, error) {
	stream, err := c.GenerateManifest(ctx)
	if err != nil {
		return nil, err
	}
	if err := cmp.SendRepoStream(ctx, root, root, stream, []string{"ARGOCD_APP_PARAMETERS=" + a.parameters}, nil); err != nil {
		return nil, err
	}
	return stream.CloseAndRecv()
}

func (a asked) generate(t *testing.T, c apiclient.ConfigManagementPluginServiceClient) ([]map[string]any, error) {
	t.Helper()
	r, err := a.send(t.Context(), c, a.write(t))
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for _, m := range r.Manifests {
		objects, err := kube.SplitYAML([]byte(m))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			all = append(all, o.Object)
		}
	}
	return all, nil
}

func (a asked) announced(t *testing.T, c apiclient.ConfigManagementPluginServiceClient) (*apiclient.ParametersAnnouncementResponse, error) {
	t.Helper()
	stream, err := c.GetParametersAnnouncement(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	root := a.write(t)
	if err := cmp.SendRepoStream(stream.Context(), root, root, stream, []string{"ARGOCD_APP_PARAMETERS=" + a.parameters}, nil); err != nil {
		t.Fatal(err)
	}
	return stream.CloseAndRecv()
}

// Argo CD gets the same objects, parameters and words from the commands under
// its own server as from the native one.
func TestCommandModeEqualsServer(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugin and runs the stock server")
	}
	theirs, ours := commands(t), served(t)
	const two = `[{"name":"versions","map":{"dsa":"31","swg":"202"}}]`
	const one = `[{"name":"versions","map":{"swg":"202"}}]`
	for name, a := range map[string]asked{
		"Ring":      {plugintest.Members(3).Dir(), two},
		"Tenant":    {plugintest.Base().Dir(), two},
		"Product":   {plugintest.Product().Dir(), one},
		"Suspended": {plugintest.Product().In("suspended").Dir(), one},
		"Example":   {directory(t, filepath.Join(checkout, "environments/local/tenants/06/00/1000006/swg/202")), one},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := a.generate(t, ours)
			if err != nil || len(want) == 0 {
				t.Fatalf("native: %d objects, %v", len(want), err)
			}
			got, err := a.generate(t, theirs)
			if err != nil {
				t.Fatalf("command: %v", err)
			}
			if d := gocmp.Diff(want, got); d != "" {
				t.Errorf("objects (-native +command):\n%s", d)
			}
			announcedNative, err := a.announced(t, ours)
			if err != nil {
				t.Fatalf("native: %v", err)
			}
			announcedCommand, err := a.announced(t, theirs)
			if err != nil {
				t.Fatalf("command: %v", err)
			}
			if d := gocmp.Diff(announcedNative, announcedCommand); d != "" {
				t.Errorf("parameters (-native +command):\n%s", d)
			}
		})
	}
	for name, a := range map[string]asked{
		"NotGranted": {plugintest.Product().Dir(), "null"},
		"Edited":     {plugintest.Replace(plugintest.Product().Dir(), "parameters.yaml", "x: 1\n"), one},
		"Parameters": {plugintest.Product().Dir(), `[{"name":"versions","string":"202"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, want := a.generate(t, ours)
			_, got := a.generate(t, theirs)
			if want == nil || got == nil {
				t.Fatalf("native: %v, command: %v, want both to refuse", want, got)
			}
			_, words, ok := strings.Cut(want.Error(), "sluice: error: ")
			if !ok || !strings.Contains(got.Error(), "sluice: error: "+words) {
				t.Errorf("the command says %q, the server %q", got, words)
			}
		})
	}
}
