package doctorcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// patient is what a doctor looks at.
type patient struct {
	t    *testing.T
	git  *gittest.Repo
	etcd etcd.Config
	now  time.Time
	apps Applications
	away error // of opening Argo CD
	args []string
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	local, err := fs.Sub(environments.Example(), "local")
	if err != nil {
		t.Fatal(err)
	}
	p := &patient{t: t, git: gittest.New(t), now: time.Now(), args: []string{"--branch", "main", "--git-cache", t.TempDir()}}
	repo, err := git.Open(t.Context(), p.git.Dir, git.Options{Branch: "main", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	_, err = git.Update(t.Context(), repo, func(_ context.Context, tx *git.Tx, _ git.Head) (git.Message, error) {
		for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments/local": local} {
			if err := tx.PutFS(dir, from); err != nil {
				return git.Message{}, err
			}
		}
		return git.Message{Subject: "by people"}, nil
	}, git.RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// real gives the patient an etcd of its own and returns a client of it.
func (p *patient) real() *clientv3.Client {
	p.t.Helper()
	short.Skip(p.t, "starts an etcd")
	server, err := embedded.Start(p.t.Context(), p.t.TempDir())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = server.Close() })
	p.etcd = etcd.Config{Endpoints: server.Endpoints()}
	store, err := etcd.Dial(p.t.Context(), p.etcd)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = store.Close() })
	return store.Client()
}

// well gives the patient an etcd that answers as it should, for tests of
// something else: a real one takes a second to start.
func (p *patient) well() {
	p.t.Helper()
	p.etcd.Endpoints = []string{(&old{version: "3.5.8"}).serve(p.t)}
}

// examine runs the doctor and returns its lines by the check's name.
func (p *patient) examine() (map[string]row, error) {
	p.t.Helper()
	flags := repoflags.New(func(string) string { return "" })
	cmd := New(Deps{
		Repo: repoflags.Repository{Flags: flags.Add, Location: flags.Location, Repo: func(ctx context.Context, _ *slog.Logger) (*git.Repo, error) {
			o, err := flags.Options()
			if err != nil {
				return nil, err
			}
			return git.Open(ctx, flags.Location(), o)
		}},
		Etcd: func(ctx context.Context) (*etcd.Store, func() error, error) {
			store, err := etcd.Dial(ctx, p.etcd)
			if err != nil {
				return nil, nil, err
			}
			return store, store.Close, nil
		},
		EtcdFlags: func(*pflag.FlagSet) {},
		ArgoCD:    func(argoflags.Cluster) (Applications, func(), error) { return p.apps, func() {}, p.away },
		Now:       func() time.Time { return p.now },
	})
	var stdout bytes.Buffer
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{"--repo", p.git.Dir, "-o", "json"}, p.args...))
	cmd.SetOut(&stdout)
	err := cmd.ExecuteContext(p.t.Context())
	var rows []row
	if e := json.Unmarshal(stdout.Bytes(), &rows); e != nil {
		p.t.Fatalf("doctor printed %q: %v", stdout.String(), e)
	}
	all := map[string]row{}
	for _, r := range rows {
		all[r.Check] = r
	}
	return all, err
}

// finds checks that exactly one check fails, says what, where and which value,
// and what to do about it; on stderr too.
func (p *patient) finds(check string, shows ...string) {
	p.t.Helper()
	rows, err := p.examine()
	for name, r := range rows {
		if (r.Result != ok) != (name == check) {
			p.t.Errorf("%s is %s: %s", name, r.Result, r.Detail)
		}
	}
	r := rows[check]
	if err == nil {
		p.t.Fatalf("the doctor finds nothing wrong; %s says %q", check, r.Detail)
	}
	var stderr strings.Builder
	exit.Print(&stderr, err)
	for _, text := range shows {
		if !strings.Contains(r.Detail, text) || !strings.Contains(stderr.String(), text) {
			p.t.Errorf("%s says %q, stderr %q, want both to show %q", check, r.Detail, stderr.String(), text)
		}
	}
	if r.Hint == "" || !strings.Contains(stderr.String(), "hint: "+r.Hint) || exit.Code(err) == 0 {
		p.t.Errorf("%s has the hint %q, stderr %q, exit code %d, want a hint and a failure", check, r.Hint, stderr.String(), exit.Code(err))
	}
}

func TestWell(t *testing.T) {
	p := newPatient(t)
	p.real()
	p.apps, p.args = absent{}, append(p.args, "--argocd-kubeconfig", "x")
	rows, err := p.examine()
	if err != nil {
		t.Fatal(err)
	}
	for check, shows := range map[string]string{
		"git repository": p.git.Dir, "git branch": "main at", "git push": "may push to main", "clock": "Z", "catalog": "versions",
		"environment local": "records below /tenant/info", "etcd connection": "quorum", "etcd version": "3.", "etcd alarms": "none",
		"etcd election": "/sluice/", "etcd read": "0 records below /tenant/info", "etcd status": "/tenant/status", "argocd local": "not there yet",
	} {
		if r := rows[check]; r.Result != ok || !strings.Contains(r.Detail, shows) {
			t.Errorf("%s = %+v, want it ok and to show %q", check, r, shows)
		}
	}
}

// What ingest needs is looked at where an SPS is named.
func TestIngest(t *testing.T) {
	upstream := spstest.New()
	if err := errors.Join(upstream.Start("127.0.0.1:0"), upstream.Put("1000006", `{"tenantId": "1000006"}`)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = upstream.Close() })
	p := newPatient(t)
	client := p.real()
	p.args = append(p.args, "--sps-url", upstream.URL())
	p.finds("ingest list", "no list of SPS was read whole")
	put := func(key, value string) {
		t.Helper()
		if _, err := client.Put(t.Context(), ingest.DefaultPrefix+"/"+key, value); err != nil {
			t.Fatal(err)
		}
	}
	list := func(ago time.Duration) {
		t.Helper()
		put("full", `{"snapshot": "a", "completed": "`+p.now.Add(-ago).UTC().Format(time.RFC3339)+`"}`)
	}
	list(30 * time.Hour)
	p.finds("ingest list", "30h0m0s ago")
	list(24 * time.Hour)
	put("held/1000006", `{}`)
	put("dirty/1000006", `{"since": "`+p.now.Add(-time.Minute).UTC().Format(time.RFC3339)+`"}`)
	rows, err := p.examine()
	if err != nil {
		t.Fatal(err)
	}
	for check, shows := range map[string]string{"sps": "1 tenants", "sps clock": "agree", "ingest": "/sluice/ingest", "ingest held": "1 tenants", "ingest queue": "1 tenants", "ingest list": "Z"} {
		if r := rows[check]; r.Result != ok || !strings.Contains(r.Detail, shows) {
			t.Errorf("%s = %+v, want it ok and to show %q", check, r, shows)
		}
	}
	put("dirty/1000009", `{"since": "`+p.now.Add(-time.Hour).UTC().Format(time.RFC3339)+`", "cause": "quarantined"}`)
	p.finds("ingest queue", "2 tenants", "the oldest for 1h0m0s", "1 of them")
	if _, err := client.Delete(t.Context(), ingest.DefaultPrefix+"/dirty/1000009"); err != nil {
		t.Fatal(err)
	}
	upstream.RequireToken("another")
	p.finds("sps", "401")
	upstream.RequireToken("")
	p.args = append(p.args, "--ingest-prefix", "/tenant/info/x")
	p.finds("ingest", `"/tenant/info/x"`)
}

// absent is an Argo CD without Applications.
type absent struct{}

func (absent) MayRefresh(context.Context, string) (bool, error) { return false, nil }

func (absent) Application(context.Context, string) (unblock.Application, bool, error) {
	return unblock.Application{}, false, nil
}

func (absent) Settings(context.Context, string) (map[string]string, bool, error) {
	return nil, false, nil
}

func (absent) Project(context.Context, string) (map[string]any, bool, error) { return nil, false, nil }

func (absent) Tracked(context.Context, string) (argocd.Tracked, error) { return argocd.Tracked{}, nil }

// lone is an Argo CD with one Application.
type lone struct {
	absent
	app unblock.Application
}

func (l lone) MayRefresh(_ context.Context, name string) (bool, error) {
	return name == l.app.Name, nil
}

func (l lone) Application(context.Context, string) (unblock.Application, bool, error) {
	return l.app, true, nil
}

// The fleet's Application is made by hand: how it syncs is looked at.
func TestFleetPolicy(t *testing.T) {
	short.Skip(t, "examines three times")
	only := []string{"CreateNamespace=true", "ApplyOutOfSyncOnly=true"}
	for name, tc := range map[string]struct {
		reason, want string
		app          unblock.Application
		shows        string
	}{
		"Well":   {"as it should be", ok, unblock.Application{Name: "local", Syncs: true, Options: only}, "by itself"},
		"ByHand": {"nothing would arrive", failed, unblock.Application{Name: "local", Options: only}, "not synced by itself"},
		"All":    {"it would wait for what does not concern it", failed, unblock.Application{Name: "local", Syncs: true, Options: only[:1]}, "in every sync"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.well()
			p.apps, p.args = lone{app: tc.app}, append(p.args, "--argocd-kubeconfig", "local=x#here")
			rows, _ := p.examine()
			if r := rows["argocd local sync"]; r.Result != tc.want || !strings.Contains(r.Detail, tc.shows) || (r.Hint == "") != (tc.want == ok) {
				t.Errorf("argocd local sync = %+v, want %s that shows %q: %s", r, tc.want, tc.shows, tc.reason)
			}
			if r := rows["argocd access"]; r.Result != ok || !strings.Contains(r.Detail, "x#here") {
				t.Errorf("argocd access = %+v, want it to name the context", r)
			}
		})
	}
}

// forbidden is an Argo CD that nothing is allowed of.
type forbidden struct{ absent }

func (forbidden) MayRefresh(_ context.Context, name string) (bool, error) {
	return false, fault.Hintf("get and patch are needed", "asking to refresh Application %q: status 403", name)
}

func TestArgoCDForbids(t *testing.T) {
	short.Skip(t, "builds what the projects name")
	p := newPatient(t)
	p.well()
	p.apps, p.args = forbidden{}, append(p.args, "--argocd-kubeconfig", "x")
	rows, err := p.examine()
	if r := rows["argocd local"]; r.Result != failed || !strings.Contains(r.Detail, `"local"`) || r.Hint == "" || err == nil {
		t.Errorf("argocd local = %+v, %v, want it to fail with a hint", r, err)
	}
}

// Each right is asked for where it is needed, and named when it is missing.
func TestRights(t *testing.T) {
	const read, write = clientv3.PermissionType(clientv3.PermRead), clientv3.PermissionType(clientv3.PermReadWrite)
	for name, tc := range map[string]struct {
		reason string
		grant  map[string]clientv3.PermissionType // by prefix
		check  string
		shows  []string
	}{
		"Election": {"nobody could lead", map[string]clientv3.PermissionType{"/tenant/info/": read, "/tenant/status/": write},
			"etcd election", []string{"/sluice/leader", "permission denied"}},
		"Status": {"nothing could be told", map[string]clientv3.PermissionType{"/tenant/info/": read, "/tenant/status/": read, "/sluice/": write},
			"etcd status", []string{"/tenant/status", "permission denied"}},
		"Read": {"nothing could be rendered", map[string]clientv3.PermissionType{"/tenant/status/": write, "/sluice/": write},
			"etcd read", []string{"permission denied"}},
		"ReadOneKey": {"the whole prefix is read, not one key", map[string]clientv3.PermissionType{"/tenant/info/\x00": read, "/tenant/status/": write, "/sluice/": write},
			"etcd read", []string{"permission denied"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			protect(t, p.real(), tc.grant)
			p.etcd.Username, p.etcd.Password = "renderer", "s3cret"
			p.finds(tc.check, tc.shows...)
		})
	}
}

// protect makes etcd ask for a login and gives the renderer some rights. A
// prefix that ends in NUL stands for the one key before it.
func protect(t *testing.T, c *clientv3.Client, grant map[string]clientv3.PermissionType) {
	t.Helper()
	ctx := t.Context()
	steps := []func() error{
		func() error { _, err := c.RoleAdd(ctx, "root"); return err },
		func() error { _, err := c.UserAdd(ctx, "root", "s3cret"); return err },
		func() error { _, err := c.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := c.RoleAdd(ctx, "renderer"); return err },
		func() error { _, err := c.UserAdd(ctx, "renderer", "s3cret"); return err },
		func() error { _, err := c.UserGrantRole(ctx, "renderer", "renderer"); return err },
	}
	for prefix, right := range grant {
		key, end := prefix, clientv3.GetPrefixRangeEnd(prefix)
		if k, one := strings.CutSuffix(prefix, "\x00"); one {
			key, end = k, ""
		}
		steps = append(steps, func() error { _, err := c.RoleGrantPermission(ctx, "renderer", key, end, right); return err })
	}
	steps = append(steps, func() error { _, err := c.AuthEnable(ctx); return err })
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// old is an etcd that says what a test wants of itself.
type old struct {
	pb.UnimplementedKVServer
	pb.UnimplementedMaintenanceServer
	pb.UnimplementedLeaseServer
	version string
	alarm   pb.AlarmType
	mute    bool // tells no alarms
}

func (o *old) Range(context.Context, *pb.RangeRequest) (*pb.RangeResponse, error) {
	return &pb.RangeResponse{Header: &pb.ResponseHeader{ClusterId: 7, Revision: 9}, Count: 3}, nil
}

func (o *old) Put(context.Context, *pb.PutRequest) (*pb.PutResponse, error) {
	return &pb.PutResponse{Header: &pb.ResponseHeader{}}, nil
}

func (o *old) LeaseGrant(context.Context, *pb.LeaseGrantRequest) (*pb.LeaseGrantResponse, error) {
	return &pb.LeaseGrantResponse{Header: &pb.ResponseHeader{}, ID: 5, TTL: 30}, nil
}

func (o *old) LeaseRevoke(context.Context, *pb.LeaseRevokeRequest) (*pb.LeaseRevokeResponse, error) {
	return &pb.LeaseRevokeResponse{Header: &pb.ResponseHeader{}}, nil
}

func (o *old) Status(context.Context, *pb.StatusRequest) (*pb.StatusResponse, error) {
	return &pb.StatusResponse{Header: &pb.ResponseHeader{}, Version: o.version}, nil
}

func (o *old) Alarm(context.Context, *pb.AlarmRequest) (*pb.AlarmResponse, error) {
	if o.mute {
		return nil, errors.New("it hurts")
	}
	r := &pb.AlarmResponse{Header: &pb.ResponseHeader{}}
	if o.alarm != pb.AlarmType_NONE {
		r.Alarms = append(r.Alarms, &pb.AlarmMember{MemberID: 0xabc, Alarm: o.alarm})
	}
	return r, nil
}

// serve runs it on loopback and returns its endpoint.
func (o *old) serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterKVServer(s, o)
	pb.RegisterMaintenanceServer(s, o)
	pb.RegisterLeaseServer(s, o)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return "http://" + l.Addr().String()
}

func TestOldEtcd(t *testing.T) {
	p := newPatient(t)
	where := (&old{version: "3.5.7"}).serve(t)
	p.etcd.Endpoints = []string{where}
	p.finds("etcd version", where, "3.5.7")
}

func TestAlarm(t *testing.T) {
	for alarm, cure := range map[pb.AlarmType]string{pb.AlarmType_NOSPACE: "etcdctl alarm disarm", pb.AlarmType_CORRUPT: "etcdctl member remove abc"} {
		p := newPatient(t)
		p.etcd.Endpoints = []string{(&old{version: "3.5.8", alarm: alarm}).serve(t)}
		p.finds("etcd alarms", "abc", alarm.String())
		if rows, _ := p.examine(); !strings.Contains(rows["etcd alarms"].Hint, cure) {
			t.Errorf("the hint for %s is %q, want it to say %q", alarm, rows["etcd alarms"].Hint, cure)
		}
	}
}

// An etcd that takes no more writes is full, which has nothing to do with rights.
func TestFull(t *testing.T) {
	p := newPatient(t)
	client := p.real()
	members, err := client.MemberList(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = pb.NewMaintenanceClient(client.ActiveConnection()).Alarm(t.Context(),
		&pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: members.Members[0].ID, Alarm: pb.AlarmType_NOSPACE})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := p.examine()
	if exit.Code(err) != exit.Failed {
		t.Errorf("doctor = %v with exit code %d, want %d", err, exit.Code(err), exit.Failed)
	}
	for _, check := range []string{"etcd alarms", "etcd election", "etcd status"} {
		r := rows[check]
		if r.Result != failed || !strings.Contains(r.Detail, "database is full") || !strings.Contains(r.Hint, "etcdctl compact") ||
			!strings.Contains(r.Hint, "etcdctl alarm disarm") || strings.Contains(r.Detail+r.Hint, "right") {
			t.Errorf("%s is %s: %s; hint %s, want it full, with the cure", check, r.Result, r.Detail, r.Hint)
		}
	}
	if rows["etcd read"].Result != ok {
		t.Errorf("etcd read is %v, want ok", rows["etcd read"])
	}
}

// Alarms that cannot be asked for are not none.
func TestAlarmsCannotBeSeen(t *testing.T) {
	p := newPatient(t)
	p.etcd.Endpoints = []string{(&old{version: "3.5.8", mute: true}).serve(t)}
	p.finds("etcd alarms", "asking for alarms", "it hurts")
}

// The elections are apart from the records, whoever asks.
func TestLeasePrefixIsChecked(t *testing.T) {
	p := newPatient(t)
	p.well()
	p.args = append(p.args, "--lease-prefix", "/tenant/info")
	p.finds("etcd election", `"/tenant/info"`)
}

func TestEtcdIsDown(t *testing.T) {
	p := newPatient(t)
	p.etcd.Endpoints = []string{"http://127.0.0.1:1"}
	p.finds("etcd connection", "http://127.0.0.1:1", "connection refused")
}

func TestArgoCDIsAway(t *testing.T) {
	p := newPatient(t)
	p.well()
	p.args = append(p.args, "--argocd-kubeconfig", "x")
	p.away = fault.Hintf("name a kubeconfig", "reading kubeconfig: open x: no such file or directory")
	p.finds("argocd access", "open x")
}

func TestClockIsBehind(t *testing.T) {
	p := newPatient(t)
	p.well()
	p.now = time.Now().Add(-48 * time.Hour)
	p.finds("clock", p.now.UTC().Format(time.RFC3339), "before the newest commit")
}

func TestPushIsRefused(t *testing.T) {
	short.Skip(t, "starts a server")
	p := newPatient(t)
	p.well()
	server := p.git.HTTP("")
	p.git.Git("config", "http.receivepack", "false")
	p.args = append(p.args, "--repo", server.URL)
	p.finds("git push", "main", server.URL)
}

func TestNoRepository(t *testing.T) {
	p := newPatient(t)
	p.well()
	p.args = append(p.args, "--repo", filepath.Join(p.git.Dir, "nowhere"))
	p.finds("git repository", "nowhere")
}

func TestBranchIsMissing(t *testing.T) {
	p := newPatient(t)
	p.well()
	p.args = append(p.args, "--branch", "trunk")
	p.finds("git branch", "trunk")
}

// What people wrote is read as run would read it.
func TestContent(t *testing.T) {
	short.Skip(t, "examines three times")
	for name, tc := range map[string]struct {
		reason, path, text, check string
		shows                     []string
	}{
		"Catalog":     {"a version that nobody can render", "catalog/products/swg/202/product.yaml", "kind: [", "catalog", []string{"swg"}},
		"Lock":        {"a published version was changed", "catalog/catalog.lock", "", "catalog", []string{"swg"}},
		"Environment": {"a field that is none", "environments/local/environment.yaml", "apiVersion: sluice.gatorcloud.io/v1\nkind: Environment\nname: local\npopID: 1\n", "environment local", []string{"popID"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.well()
			p.git.Write(tc.path, tc.text)
			p.finds(tc.check, tc.shows...)
		})
	}
}

// A prefix below the records would be read as authorisations.
func TestStatusPrefixIsChecked(t *testing.T) {
	p := newPatient(t)
	p.well()
	p.args = append(p.args, "--status-prefix", "/tenant/info/status")
	p.finds("etcd status", "/tenant/info/status", `"/tenant/info"`)
}

func TestAllThatIsWrongIsSaid(t *testing.T) {
	p := newPatient(t)
	p.etcd.Endpoints = []string{"http://127.0.0.1:1"}
	p.now = time.Unix(0, 0)
	_, err := p.examine()
	var list interface{ Unwrap() []error }
	if !errors.As(err, &list) || len(list.Unwrap()) != 2 {
		t.Errorf("doctor = %v, want both faults", err)
	}
}
