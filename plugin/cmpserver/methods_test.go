package cmpserver_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	repoclient "github.com/argoproj/argo-cd/v2/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

func TestCheckPluginConfiguration(t *testing.T) {
	s := start(t, cmpserver.Options{})
	got, err := s.dial(t).CheckPluginConfiguration(t.Context(), &emptypb.Empty{})
	if err != nil || got.IsDiscoveryConfigured || got.ProvideGitCreds {
		t.Errorf("CheckPluginConfiguration = %v, %v, want neither discovery nor credentials", got, err)
	}
}

func TestHealth(t *testing.T) {
	s := start(t, cmpserver.Options{})
	got, err := grpc_health_v1.NewHealthClient(s.plain(t)).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || got.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("Check = %v, %v, want SERVING", got, err)
	}
}

func announced(ctx context.Context, c apiclient.ConfigManagementPluginServiceClient, a application, root string) (map[string]*repoclient.ParameterAnnouncement, error) {
	stream, err := c.GetParametersAnnouncement(ctx)
	if err != nil {
		return nil, err
	}
	// Argo CD sends the whole repository here, whatever the Application says.
	if err := cmp.SendRepoStream(stream.Context(), filepath.Join(root, a.path), root, stream, a.env(), nil); err != nil {
		return nil, err
	}
	r, err := stream.CloseAndRecv()
	all := map[string]*repoclient.ParameterAnnouncement{}
	for _, p := range r.GetParameterAnnouncements() {
		all[p.Name] = p
	}
	return all, err
}

func TestGetParametersAnnouncement(t *testing.T) {
	s := start(t, cmpserver.Options{})
	for name, tc := range map[string]struct {
		a       application
		grants  map[string]string
		strings map[string]string
	}{
		"Product": {product(), map[string]string{"swg": "202"}, map[string]string{"logLevel": "info", "replicas": "13", "storage": "80Gi", "tenantName": `zhang "yong"`}},
		"Tenant":  {tenant(), map[string]string{"swg": "202", "dsa": "31"}, nil},
		"Ring":    {ring(), map[string]string{"swg": "202", "dsa": "31"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			root := repository(t, map[string]*tree.Dir{tc.a.path: tc.a.dir, "other": plugintest.Product().Dir()})
			got, err := announced(t.Context(), s.dial(t), tc.a, root)
			if err != nil {
				t.Fatal(err)
			}
			versions := got["versions"]
			if versions == nil || versions.CollectionType != "map" || len(versions.Map) != len(tc.grants) || versions.Map["swg"] != tc.grants["swg"] || versions.Map["dsa"] != tc.grants["dsa"] {
				t.Errorf("versions = %v, want a map with %v", versions, tc.grants)
			}
			for name, value := range tc.strings {
				if p := got[name]; p == nil || p.String_ != value || p.CollectionType != "string" || !strings.Contains(p.Tooltip, "Read-only") {
					t.Errorf("%s = %v, want the read-only string %q", name, p, value)
				}
			}
			if tc.strings == nil && len(got) != 1 {
				t.Errorf("%d parameters, want versions only", len(got))
			}
		})
	}
}

func TestMatchRepository(t *testing.T) {
	s := start(t, cmpserver.Options{})
	root := repository(t, map[string]*tree.Dir{"a": plugintest.Product().Dir(), "b": plugintest.Files(map[string]string{"x/kustomization.yaml": ""})})
	for path, want := range map[string]bool{"a": true, "b": false, "none": false} {
		stream, err := s.dial(t).MatchRepository(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := cmp.SendRepoStream(t.Context(), filepath.Join(root, path), root, stream, nil, nil); err != nil {
			t.Fatal(err)
		}
		got, err := stream.CloseAndRecv()
		if err != nil || got.IsSupported != want || got.IsDiscoveryEnabled {
			t.Errorf("MatchRepository(%s) = %v, %v, want supported %v without discovery", path, got, err, want)
		}
	}
}

// What is refused reaches the client as a status that reads well.
func TestGenerateManifestRefuses(t *testing.T) {
	s := start(t, cmpserver.Options{})
	for name, tc := range map[string]struct {
		why, reason string
		change      func(*application)
	}{
		"NotGranted":    {"another version is granted", "not-granted", func(a *application) { a.parameters = `[{"name":"versions","map":{"swg":"200"}}]` }},
		"NoParameters":  {"Argo CD sends null", "not-granted", func(a *application) { a.parameters = "null" }},
		"WrongType":     {"somebody edits the Application", "parameters", func(a *application) { a.parameters = `[{"name":"versions","string":"202"}]` }},
		"Megabyte":      {"more than a fleet could grant", "parameters", func(a *application) { a.parameters = `[{"name":"` + strings.Repeat("x", 1<<20) + `"}]` }},
		"Newlines":      {"values that break lines", "application", func(a *application) { a.name = "a\nb\"c'd\r\n" + strings.Repeat("e", 1<<20) }},
		"OtherApp":      {"another Application", "application", func(a *application) { a.name = "pop-sha1-1000007-swg" }},
		"EditedInGit":   {"an edit by hand", "seal", func(a *application) { a.dir = plugintest.Replace(a.dir, "parameters.yaml", "x: 1\n") }},
		"NotADirectory": {"the path of another thing", "directory", func(a *application) { a.dir = plugintest.Files(map[string]string{"README.md": "hello"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := product()
			tc.change(&a)
			before := s.metric(t, "sluice_cmp_refusals_total", "reason", tc.reason)
			got, err := generate(t.Context(), s.dial(t), a, repository(t, map[string]*tree.Dir{a.path: a.dir}), a.path)
			if got != "" || status.Code(err) != codes.FailedPrecondition {
				t.Fatalf("GenerateManifest = %q, %v, want FailedPrecondition and nothing: %s", got, err, tc.why)
			}
			readsWell(t, err)
			if after := s.metric(t, "sluice_cmp_refusals_total", "reason", tc.reason); after != before+1 {
				t.Errorf("sluice_cmp_refusals_total{reason=%q} grew by %v, want 1", tc.reason, after-before)
			}
		})
	}
}

// readsWell checks the form that Argo CD's user interface shows: two lines.
func readsWell(t *testing.T, err error) {
	t.Helper()
	lines := strings.Split(status.Convert(err).Message(), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "sluice: error: ") || !strings.HasPrefix(lines[1], "sluice: hint: ") || len(lines[0]) > 1000 {
		t.Errorf("message %q, want an error line and a hint line", lines)
	}
}

// Values of the environment that are not for the plugin do not matter, whatever they are.
func TestGenerateManifestIgnoresOtherVariables(t *testing.T) {
	s := start(t, cmpserver.Options{})
	a := product()
	a.more = []string{"ARGOCD_ENV_X=" + strings.Repeat("x", 1<<20), "ARGOCD_ENV_Y=a\nb'\"$(reboot)`", "ARGOCD_ENV_Z=\xff\xfe", "PARAM_VERSIONS_SWG=999", "=", "EMPTY="}
	got, err := generate(t.Context(), s.dial(t), a, repository(t, map[string]*tree.Dir{a.path: a.dir}), a.path)
	if err != nil || got != want(t, a) {
		t.Errorf("GenerateManifest = %s, %v, want %s", got, err, want(t, a))
	}
}
