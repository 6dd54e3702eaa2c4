package chaos

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// upstream is an SPS with the replicas that take its subscriptions. It is in
// this process: what is broken of it are its answers.
type upstream struct {
	sps      *spstest.Server
	replicas []*replica
	bought   [5]int // replicas of each tenant; zero is a tenant that SPS has forgotten
}

// sold returns the id of a tenant that only SPS knows.
func sold(i int) string { return fmt.Sprint(2000000 + i) }

// connect starts the SPS and what takes subscriptions from it.
func (w *world) connect() {
	w.t.Helper()
	key := []byte("a key of more than twenty-four bytes")
	keys, notify := filepath.Join(w.dir, "keys"), free(w)
	u := &upstream{sps: spstest.New()}
	err := errors.Join(os.WriteFile(keys, []byte("whsec_"+base64.StdEncoding.EncodeToString(key)), 0o600), u.sps.Start("127.0.0.1:0"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = u.sps.Close()
		http.DefaultClient.CloseIdleConnections() // of its notices
	})
	for i := range u.bought {
		u.buy(i, 1)
	}
	u.sps.Tell(spstest.Notices{URL: "http://" + notify + "/v1/notify", Key: key})
	for i, listen := range []string{notify, ""} {
		r := &replica{etcd: w.proxy(w.socket())}
		name := fmt.Sprintf("ingest%d", i)
		r.t, r.name, r.role, r.log = w.t, name, "sluice", filepath.Join(w.dir, name+".log")
		r.args = []string{"ingest", "--sps-url", u.sps.URL(), "--sps-timeout", "2s", "--sps-page", "2", "--pull", "1s", "--reread", "1s", "--lease-ttl", "1s",
			"--notify-listen", listen, "--notify-keys", keys, "--listen", "", "--id", name, "--etcd-endpoints", r.etcd.Endpoint(), "--etcd-request-timeout", "2s"}
		w.begin(&r.process)
		u.replicas = append(u.replicas, r)
	}
	w.upstream = u
}

// free returns an address that nobody listens at.
func free(w *world) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// buy changes what a tenant bought. Whether the notice arrives is no matter.
func (u *upstream) buy(i, replicas int) {
	u.bought[i] = replicas
	if replicas == 0 {
		_ = u.sps.Remove(sold(i))
		return
	}
	_ = u.sps.Put(sold(i), fmt.Sprintf(`{"tenantId": %q, "tenantName": "s%d", "tenantCode": "s%d", "authorisations": [
		{"product": "swg", "replicas": %d, "startTime": "2024-01-01T00:00:00Z"}]}`, sold(i), i, i, replicas))
}

// sell changes what tenants bought at random, and forgets the last of them on
// the way: more than that would wait for a person.
func (u *upstream) sell(ctx context.Context, random *rand.Rand) {
	last := len(u.bought) - 1
	for n := 0; ctx.Err() == nil; n++ {
		if n == 20 {
			u.buy(last, 0)
		}
		u.buy(random.IntN(last), 1+random.IntN(1000))
		pause(ctx, time.Duration(random.IntN(400))*time.Millisecond)
	}
}

// lies are what may be wrong with the answers of SPS. None is a reason to end
// anybody.
var lies = []spstest.Faults{
	{Down: true}, {Half: true}, {Empty: true}, {Shut: 1}, {Total: 1}, {Repeat: true}, {Skip: true}, {Turn: true}, {Same: true}, {Old: true},
	{Lost: []string{sold(0), sold(1)}}, {Raw: map[string]string{sold(2): `{"bad`}},
}

// breakUpstream breaks one thing of ingest after another. It draws by itself,
// so that what is broken of the renderer stays what its seed says.
func (w *world) breakUpstream(ctx context.Context, random *rand.Rand) {
	ways := []func(context.Context, *world, *replica, time.Duration){pauseReplica, killReplica, restartReplica, partitionEtcd, refuseEtcd,
		func(ctx context.Context, w *world, _ *replica, long time.Duration) {
			w.upstream.sps.Set(lies[random.IntN(len(lies))])
			pause(ctx, long)
			w.upstream.sps.Set(spstest.Faults{})
		}}
	for ctx.Err() == nil {
		ways[random.IntN(len(ways))](ctx, w, w.upstream.replicas[random.IntN(len(w.upstream.replicas))], time.Duration(100+random.IntN(3000))*time.Millisecond)
		pause(ctx, time.Duration(100+random.IntN(1000))*time.Millisecond)
	}
}

// heal mends SPS and what takes from it.
func (u *upstream) heal(w *world) {
	u.sps.Set(spstest.Faults{})
	w.mend(u.replicas)
}

// arrive waits until Git says what SPS says.
func (w *world) arrive() {
	w.t.Helper()
	var err error
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(200 * time.Millisecond) {
		if err = w.compareUpstream(); err == nil {
			w.t.Logf("what SPS says was in Git after %v", time.Since(began).Round(100*time.Millisecond))
			return
		}
	}
	w.t.Errorf("Git does not say what SPS says: %v", err)
}

// compareUpstream compares the rights in Git with what was bought.
func (w *world) compareUpstream() error {
	head, err := w.people.Head(context.Background())
	if err != nil {
		return err
	}
	for i, replicas := range w.upstream.bought {
		data, err := fs.ReadFile(w.people.FS(head), factsPath(ident.Must[ident.TenantKind](sold(i))))
		if err != nil {
			return err
		}
		f, err := authz.DecodeFacts(data)
		switch {
		case err != nil:
			return err
		case len(f.Authorisations) != 1:
			return fmt.Errorf("tenant %s has %d products, want one", sold(i), len(f.Authorisations))
		case (f.States[0] == authz.Active) != (replicas > 0):
			return fmt.Errorf("tenant %s is %s, SPS gives it %d replicas", sold(i), f.States[0], replicas)
		case replicas > 0 && f.Authorisations[0].Replicas != replicas:
			return fmt.Errorf("tenant %s has %d replicas, want %d", sold(i), f.Authorisations[0].Replicas, replicas)
		}
	}
	return nil
}

// endUpstream ends what takes from SPS as Kubernetes does.
func (w *world) endUpstream() {
	w.t.Helper()
	for _, r := range w.upstream.replicas {
		if code := r.end(syscall.SIGTERM); code != 0 {
			w.t.Errorf("%s ended with exit code %d on SIGTERM, want 0; its log: %s", r.name, code, r.tail())
		}
		for _, line := range r.crashes() {
			w.t.Errorf("%s: %s", r.name, line)
		}
	}
}
