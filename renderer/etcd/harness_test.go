package etcd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const prefix = authz.DefaultPrefix

func tenantID(s string) ident.Tenant { return ident.Must[ident.TenantKind](s) }

func product(s string) ident.Product { return ident.Must[ident.ProductKind](s) }

// names lets go-cmp compare checked names, whose field is not exported.
var names = cmp.Options{
	cmp.Comparer(func(a, b ident.Tenant) bool { return a == b }),
	cmp.Comparer(func(a, b ident.Product) bool { return a == b }),
	cmp.Comparer(func(a, b ident.Version) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// serve runs an etcd of the test's own.
func serve(t testing.TB) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// dial connects to a configuration that has to work.
func dial(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func open(t testing.TB) *Store {
	t.Helper()
	return dial(t, Config{Endpoints: serve(t).Endpoints()})
}

// tenant returns a tenant with an authorisation for each product.
func tenant(id string, products ...string) authz.Tenant {
	t := authz.Tenant{ID: tenantID(id), Name: "tenant " + id, Code: "c5cb27eb"}
	for _, p := range products {
		t.Authorisations = append(t.Authorisations, authorisation(p, 1))
	}
	return t
}

func authorisation(p string, replicas int) authz.Authorisation {
	return authz.Authorisation{Product: product(p), Replicas: replicas, Storage: "80Gi", StartTime: time.Date(2024, 6, 18, 0, 0, 0, 0, time.UTC)}
}

// write puts the tenants through the store's own surface.
func write(t testing.TB, s *Store, tenants ...authz.Tenant) {
	t.Helper()
	plan, err := authz.PlanImport(authz.Listing{}, tenants)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Records(prefix).Apply(t.Context(), plan.Changes, nil); err != nil {
		t.Fatal(err)
	}
}

// raw puts a value past the store's checks, as another system would.
func raw(t testing.TB, s *Store, key, value string) {
	t.Helper()
	if _, err := s.client.Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t testing.TB, s *Store) authz.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// failure is what an error has to be.
type failure struct {
	class fault.Class
	shows []string
}

// checkFailure checks the class of an error, that it has a hint, and that it
// is one printable line of bounded length.
func checkFailure(t *testing.T, err error, want failure) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want class %v and %q", want.class, want.shows)
	}
	if fault.ClassOf(err) != want.class || fault.HintOf(err) == "" {
		t.Errorf("error %q has class %v and hint %q, want class %v and a hint", err, fault.ClassOf(err), fault.HintOf(err), want.class)
	}
	text := err.Error() + fault.HintOf(err)
	for _, s := range want.shows {
		if !strings.Contains(text, s) {
			t.Errorf("error %q with hint %q does not show %q", err, fault.HintOf(err), s)
		}
	}
	if strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) || len(text) > 600 {
		t.Errorf("error is not one short printable line: %q", text)
	}
}

// proxy is a TCP endpoint before a server's socket. While it is stalled it
// takes bytes and passes none on, as a server does that hangs.
type proxy struct {
	listener net.Listener
	stalled  atomic.Bool
}

func (p *proxy) endpoint() string { return "http://" + p.listener.Addr().String() }

func newProxy(t *testing.T, s *embedded.Server) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn, strings.TrimPrefix(s.Endpoints()[0], "unix://"))
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn, socket string) {
	server, err := net.Dial("unix", socket)
	if err != nil {
		_ = client.Close()
		return
	}
	done := make(chan error, 2)
	go func() { done <- p.pass(server, client) }()
	go func() { done <- p.pass(client, server) }()
	<-done
	_, _ = client.Close(), server.Close()
	<-done
}

func (p *proxy) pass(to io.Writer, from io.Reader) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.stalled.Load() {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// refused returns an endpoint on which nobody listens.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprintf("http://%s", l.Addr())
}

func mustFail(t *testing.T, s *Store, err error) error {
	t.Helper()
	if err == nil {
		t.Fatal(errors.Join(errors.New("Dial succeeded"), s.Close()))
	}
	return err
}
