package caller

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

const (
	portal = "0123456789abcdef0123456789abcdef"
	older  = "fedcba9876543210fedcba9876543210"
	meter  = "00112233445566778899aabbccddeeff"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tokens(t *testing.T, text string) *Tokens {
	t.Helper()
	all, err := OpenTokens(file(t, "tokens", text), begin, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// echo answers with the caller's name.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", Of(r.Context()).Name) })

// Whoever is not known gets one answer, whatever the reason.
func TestTokensLetIn(t *testing.T) {
	g, err := New(Options{Tokens: tokens(t, "# callers\nportal "+portal+"\nportal "+older+"\n\nmeter "+meter+"\n"), Now: func() time.Time { return begin }})
	if err != nil {
		t.Fatal(err)
	}
	refusal := ""
	for name, tc := range map[string]struct {
		reason, header string
		want           string // empty is refused
	}{
		"First":     {"known", "Bearer " + portal, "hello portal"},
		"Rotating":  {"the old one is good until it is taken out", "Bearer " + older, "hello portal"},
		"Last":      {"known", "Bearer " + meter, "hello meter"},
		"Lower":     {"the scheme has no case", "bearer " + meter, "hello meter"},
		"None":      {"nothing said", "", ""},
		"Empty":     {"no token", "Bearer ", ""},
		"Bare":      {"no scheme", portal, ""},
		"Basic":     {"another scheme", "Basic " + portal, ""},
		"Part":      {"a prefix is none", "Bearer " + portal[:31], ""},
		"More":      {"nor is what is longer", "Bearer " + portal + "0", ""},
		"Space":     {"nor two", "Bearer " + portal + " " + meter, ""},
		"Unknown":   {"none of ours", "Bearer 11111111111111111111111111111111", ""},
		"NameAlone": {"a name proves nothing", "Bearer portal", ""},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		if tc.header != "" {
			req.Header.Set("Authorization", tc.header)
		}
		w := httptest.NewRecorder()
		g.Wrap(echo).ServeHTTP(w, req)
		if tc.want != "" {
			if w.Code != 200 || w.Body.String() != tc.want {
				t.Errorf("%s: %d %s, want %q: %s", name, w.Code, w.Body, tc.want, tc.reason)
			}
			continue
		}
		got := fmt.Sprint(w.Code, w.Header(), w.Body)
		if w.Code != 401 || refusal != "" && got != refusal {
			t.Errorf("%s: %s, want the refusal of all, %s: %s", name, got, refusal, tc.reason)
		}
		refusal = got
	}
}

// The file is read again, and a broken one leaves the callers that were.
func TestTokensAreReadAgain(t *testing.T) {
	path := file(t, "tokens", "portal "+portal)
	var failed error
	all, err := OpenTokens(path, begin, func(err error) { failed = err })
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		reason, text string
		after        time.Duration
		portal       bool
		meter        bool
		broken       bool
	}{
		{"not yet", "meter " + meter, every - 1, true, false, false},
		{"another file", "meter " + meter, every, false, true, false},
		{"a broken one", "meter", 2 * every, false, true, true},
		{"none", "", 3 * every, false, true, true},
		{"mended", "portal " + portal, 4 * every, true, false, false},
		{"a clock that went back", "meter " + meter, 2 * every, false, true, false},
	} {
		if err := os.WriteFile(path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		failed = nil
		now := begin.Add(step.after)
		_, isPortal := all.find(portal, now)
		_, isMeter := all.find(meter, now)
		if isPortal != step.portal || isMeter != step.meter || (failed != nil) != step.broken {
			t.Errorf("%s: portal %v, meter %v, error %v", step.reason, isPortal, isMeter, failed)
		}
	}
}

func TestOpenTokensRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, text string }{
		"Empty":   {"nobody could call", "# nothing\n"},
		"Short":   {"it could be guessed", "portal " + portal[:31]},
		"Name":    {"names stand in logs", "Por/tal " + portal},
		"NoName":  {"whose", portal},
		"Comment": {"a third word is a limit", "portal " + portal + " # ours"},
		"Twice":   {"which of the two", "portal " + portal + " tenants=1 tenants=2"},
		"Product": {"no name of a product", "portal " + portal + " products=SWG"},
		"NoList":  {"a limit to nothing is a slip", "portal " + portal + " tenants="},
		"AllCert": {"a line that says nothing", "portal -"},
	} {
		if _, err := OpenTokens(file(t, "tokens", tc.text), begin, nil); err == nil || strings.Contains(err.Error(), portal[:31]) {
			t.Errorf("%s: OpenTokens() = %v, want an error without a token: %s", name, err, tc.reason)
		}
	}
	if _, err := OpenTokens(filepath.Join(t.TempDir(), "none"), begin, nil); err == nil {
		t.Error("OpenTokens() of no file = nil, want an error")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("New() without a way to know callers = nil, want an error")
	}
}

// A caller that calls too often waits, and nobody else does.
func TestRates(t *testing.T) {
	now := begin
	var causes []string
	g, err := New(Options{Tokens: tokens(t, "portal "+portal+"\nmeter "+meter), PerSecond: 0.5, Burst: 3, Now: func() time.Time { return now },
		Refused: func(cause string) { causes = append(causes, cause) }})
	if err != nil {
		t.Fatal(err)
	}
	call := func(token string) (int, string) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		g.Wrap(echo).ServeHTTP(w, req)
		return w.Code, w.Header().Get("Retry-After")
	}
	for i, want := range []int{200, 200, 200, 429, 429} {
		if code, retry := call(portal); code != want || (code == 429) != (retry == "2") {
			t.Errorf("call %d = %d, Retry-After %q, want %d", i, code, retry, want)
		}
	}
	if code, _ := call(meter); code != 200 {
		t.Errorf("another caller = %d, want 200", code)
	}
	now = now.Add(2 * time.Second)
	if code, _ := call(portal); code != 200 {
		t.Errorf("after the wait = %d, want 200", code)
	}
	if len(causes) != 2 || causes[0] != "rate" {
		t.Errorf("refusals = %v, want two for the rate", causes)
	}
	for i := range 2 * mostRates {
		g.wait(fmt.Sprint(i))
		now = now.Add(10 * time.Second)
	}
	if len(g.rates) > mostRates {
		t.Errorf("%d callers are counted, want at most %d", len(g.rates), mostRates)
	}
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key = a.sign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "authority"}})
	return a
}

func (a *authority) sign(t *testing.T, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func (a *authority) file(t *testing.T) string {
	t.Helper()
	return file(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
}

// pair returns a certificate for a name, in files and in memory.
func (a *authority) pair(t *testing.T, name string) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	c, key := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}})
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile = file(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	keyFile = file(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	return certFile, keyFile, tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
}

// A certificate of our authority lets in, another one does not; a token may
// stand in its place where no certificate is required.
func TestCertificatesLetIn(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	certFile, keyFile, _ := ours.pair(t, "ingest.example")
	_, _, good := ours.pair(t, "portal.example")
	_, _, unnamed := ours.pair(t, "stranger.example")
	_, _, bad := others.pair(t, "portal.example")
	for name, tc := range map[string]struct {
		reason   string
		required bool
		pair     *tls.Certificate
		token    string
		want     string // empty: not let in
	}{
		"Good":          {"signed by ours, and named", true, &good, "", "hello portal.example"},
		"Unnamed":       {"signed by ours, and not in the list", true, &unnamed, "", ""},
		"Other":         {"signed by another", true, &bad, "", ""},
		"OtherOptional": {"a certificate that is shown has to be good", false, &bad, meter, ""},
		"None":          {"none", true, nil, meter, ""},
		"Token":         {"a token where none is required", false, nil, meter, "hello meter"},
		"Nothing":       {"neither", false, nil, "", ""},
		"Both":          {"the token says who acts", true, &good, meter, "hello meter"},
		"BothBad":       {"a token that is not good is not made good by a certificate", true, &good, "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := New(Options{Certificates: true, Names: []string{"portal.example"}, Tokens: tokens(t, "meter "+meter)})
			if err != nil {
				t.Fatal(err)
			}
			s, err := Listen(t.Context(), Listener{Address: "127.0.0.1:0", CertFile: certFile, KeyFile: keyFile, ClientCAFile: ours.file(t), CertificateRequired: tc.required}, g.Wrap(echo))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close(context.Background()) })
			roots := x509.NewCertPool()
			roots.AddCert(ours.cert)
			config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			if tc.pair != nil { // shown whoever asks for it
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tc.pair, nil }
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.Address(), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if tc.token != "" {
				req.Header.Set("Authorization", "Bearer "+tc.token)
			}
			got := ""
			if resp, err := client.Do(req); err == nil {
				if text, _ := io.ReadAll(resp.Body); resp.StatusCode == http.StatusOK {
					got = string(text)
				}
				_ = resp.Body.Close()
			}
			if got != tc.want {
				t.Errorf("answer = %q, want %q: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// Tokens do not pass in clear, and connections are counted.
func TestListen(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		s, err := Listen(t.Context(), Listener{Address: "0.0.0.0:0", Insecure: insecure}, echo)
		if (err == nil) != insecure {
			t.Errorf("Listen() on all addresses without a certificate = %v, want an error unless it is asked for (%v)", err, insecure)
		}
		if err == nil {
			_ = s.Close(t.Context())
		}
	}
	if _, err := Listen(t.Context(), Listener{Address: "127.0.0.1:0", ClientCAFile: "none"}, echo); err == nil {
		t.Error("Listen() with an authority and no certificate = nil, want an error")
	}
	s, err := Listen(t.Context(), Listener{Address: "127.0.0.1:0", Connections: 1}, echo)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(context.Background()) }()
	first, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	get := func(c net.Conn, within time.Duration) error {
		_ = c.SetDeadline(time.Now().Add(within))
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		_, err := c.Read(make([]byte, 1))
		return err
	}
	if err := get(first, 20*time.Second); err != nil {
		t.Errorf("the first connection: %v", err)
	}
	second, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if err := get(second, 300*time.Millisecond); err == nil {
		t.Error("a second connection is served beside the first, want it to wait")
	}
}
