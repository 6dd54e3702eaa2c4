package etcd

import (
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestDialRefusesConfigurations(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		config Config
		shows  []string
	}{
		"NoEndpoints":   {"nowhere to go", Config{}, []string{"--etcd-endpoints"}},
		"Scheme":        {"not etcd's", Config{Endpoints: []string{"ftp://a:1"}}, []string{`"ftp"`}},
		"Path":          {"not an endpoint", Config{Endpoints: []string{"http://a:1/x"}}, []string{"/x"}},
		"NoHost":        {"not an endpoint", Config{Endpoints: []string{"http://:2379"}}, []string{"http://:2379"}},
		"Control":       {"not a URL", Config{Endpoints: []string{"http://a\nb"}}, []string{"no URL"}},
		"Userinfo":      {"a password in a URL is shown in logs", Config{Endpoints: []string{"http://root:secret@a:1"}}, []string{"--etcd-password-file"}},
		"MixedSchemes":  {"the first one decides for all", Config{Endpoints: []string{"http://a:1", "https://b:1"}}, []string{"https://b:1"}},
		"PlainWithTLS":  {"the files would be ignored and the password sent in clear", Config{Endpoints: []string{"http://a:1"}, CAFile: "/ca"}, []string{"https://"}},
		"PlainPassword": {"whoever is on the way reads it", Config{Endpoints: []string{"http://etcd.example:2379"}, Username: "root", Password: "s3cret"}, []string{"unencrypted"}},
		"UserOnly":      {"no password", Config{Endpoints: []string{"http://a:1"}, Username: "root"}, []string{`"root"`}},
		"PasswordOnly":  {"no user", Config{Endpoints: []string{"http://a:1"}, Password: "secret"}, []string{"--etcd-user"}},
		"CAMissing":     {"no such file", Config{Endpoints: []string{"a:1"}, CAFile: "/nowhere/ca.pem"}, []string{"/nowhere/ca.pem", "--etcd-cacert"}},
		"CAEmpty":       {"no certificate in it", Config{Endpoints: []string{"a:1"}, CAFile: "dial_test.go"}, []string{"dial_test.go"}},
		"CertOnly":      {"no key", Config{Endpoints: []string{"a:1"}, CertFile: "/c"}, []string{"--etcd-key"}},
		"CertMissing":   {"no such file", Config{Endpoints: []string{"a:1"}, CertFile: "/nowhere/c", KeyFile: "/nowhere/k"}, []string{"/nowhere/c"}},
		"SocketMissing": {"unix without a path", Config{Endpoints: []string{"unix://"}}, []string{"no path"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Dial(t.Context(), tc.config)
			checkFailure(t, mustFail(t, s, err), failure{fault.Person, tc.shows})
			checkSecret(t, err, "secret")
		})
	}
}

func checkSecret(t *testing.T, err error, secret string) {
	t.Helper()
	if strings.Contains(err.Error()+fault.HintOf(err), secret) {
		t.Errorf("error %q shows the password", err)
	}
}

func TestEndpointForms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config Config
		want   string
	}{
		"HostPort":       {Config{Endpoints: []string{"etcd-0:23790"}}, "http://etcd-0:23790"},
		"Host":           {Config{Endpoints: []string{" etcd-0 "}}, "http://etcd-0:2379"},
		"Slash":          {Config{Endpoints: []string{"https://etcd-0:2379/"}}, "https://etcd-0:2379"},
		"IPv6":           {Config{Endpoints: []string{"http://[::1]:2379"}}, "http://[::1]:2379"},
		"IPv6WithNoPort": {Config{Endpoints: []string{"http://[::1]"}}, "http://[::1]:2379"},
		"Socket":         {Config{Endpoints: []string{"unix:///run/etcd.sock"}}, "unix:///run/etcd.sock"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tc.config.resolve()
			if err != nil || r.Endpoints[0] != tc.want {
				t.Errorf("resolve = %v, %v, want %q", r.Endpoints, err, tc.want)
			}
		})
	}
}

func TestEtcdDown(t *testing.T) {
	t.Parallel()
	endpoint := refused(t)
	begin := time.Now()
	s, err := Dial(t.Context(), Config{Endpoints: []string{endpoint}, DialTimeout: time.Minute})
	checkFailure(t, mustFail(t, s, err), failure{fault.Retry, []string{endpoint, "connection refused", "--etcd-endpoints"}})
	if d := time.Since(begin); d > 30*time.Second {
		t.Errorf("a refused connection took %v to report", d)
	}
	s, err = Dial(t.Context(), Config{Endpoints: []string{"unix:///nowhere/etcd.sock"}})
	checkFailure(t, mustFail(t, s, err), failure{fault.Retry, []string{"/nowhere/etcd.sock", "no such socket"}})
}

func TestOneEndpointDown(t *testing.T) {
	t.Parallel()
	p := newProxy(t, serve(t))
	s := dial(t, Config{Endpoints: []string{refused(t), p.endpoint()}})
	write(t, s, tenant("1000006", "swg"))
	if got := snapshot(t, s); got.Keys != 2 {
		t.Errorf("%d keys, want 2", got.Keys)
	}
}

func TestEtcdSlow(t *testing.T) {
	t.Parallel()
	p := newProxy(t, serve(t))
	write(t, dial(t, Config{Endpoints: []string{p.endpoint()}}), tenant("1000006", "swg"))
	config := Config{Endpoints: []string{p.endpoint()}, DialTimeout: 20 * time.Second, RequestTimeout: 300 * time.Millisecond}
	s := dial(t, config)

	p.stalled.Store(true)
	want := failure{fault.Retry, []string{p.endpoint(), "no answer in time"}}
	_, err := s.Snapshot(t.Context(), prefix)
	checkFailure(t, err, want)
	_, err = s.Records(prefix).PutTenant(t.Context(), tenant("1000006"), authz.AnyRevision)
	checkFailure(t, err, want)

	config.DialTimeout = 300 * time.Millisecond
	s, err = Dial(t.Context(), config)
	checkFailure(t, mustFail(t, s, err), want)
}

// protect makes etcd ask for a login: root may all, reader nothing.
func protect(t *testing.T, c *clientv3.Client) {
	t.Helper()
	ctx := t.Context()
	steps := []func() error{
		func() error { _, err := c.RoleAdd(ctx, "root"); return err },
		func() error { _, err := c.UserAdd(ctx, "root", "s3cret"); return err },
		func() error { _, err := c.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := c.UserAdd(ctx, "reader", "s3cret"); return err },
		func() error { _, err := c.AuthEnable(ctx); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	server := serve(t)
	s := dial(t, Config{Endpoints: server.Endpoints()})
	write(t, s, tenant("1000006", "swg"))
	protect(t, s.client)

	root := dial(t, Config{Endpoints: server.Endpoints(), Username: "root", Password: "s3cret"})
	if got := snapshot(t, root); got.Keys != 2 {
		t.Errorf("root reads %d keys, want 2", got.Keys)
	}
	for name, tc := range map[string]struct {
		reason         string
		user, password string
		shows          []string
	}{
		"WrongPassword": {"", "root", "wr0ng", []string{"user or password is wrong", "--etcd-password-file"}},
		"WrongUser":     {"", "toor", "s3cret", []string{"user or password is wrong"}},
		"NoLogin":       {"", "", "", []string{"etcd wants a login"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Dial(t.Context(), Config{Endpoints: server.Endpoints(), Username: tc.user, Password: tc.password})
			checkFailure(t, mustFail(t, s, err), failure{fault.Person, tc.shows})
			if tc.password != "" {
				checkSecret(t, err, tc.password)
			}
		})
	}
	t.Run("NoPermission", func(t *testing.T) {
		reader := dial(t, Config{Endpoints: server.Endpoints(), Username: "reader", Password: "s3cret"})
		_, err := reader.Snapshot(t.Context(), prefix)
		checkFailure(t, err, failure{fault.Person, []string{"permission denied", prefix}})
	})
}
