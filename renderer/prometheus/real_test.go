package prometheus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/prometheus"
)

// start runs a Prometheus that scrapes itself each second, and returns its URL
// once it has done so; with files of a certificate it speaks TLS.
func start(t *testing.T, cert, key string) string {
	t.Helper()
	short.Skip(t, "starts a Prometheus")
	program, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI has no prometheus")
		}
		t.Skip("prometheus is not installed")
	}
	dir, scheme := t.TempDir(), "http"
	address := free(t)
	args := []string{"--config.file=" + filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + address, "--log.level=error"}
	write(t, filepath.Join(dir, "prometheus.yml"), "global: {scrape_interval: 1s}\nscrape_configs:\n- {job_name: self, static_configs: [{targets: ['"+address+"']}]}\n")
	if cert != "" {
		scheme = "https"
		web := filepath.Join(dir, "web.yml")
		write(t, web, fmt.Sprintf("tls_server_config: {cert_file: %q, key_file: %q}\n", cert, key))
		args = append(args, "--web.config.file="+web)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	blind := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // certificates are what is tested
	defer blind.CloseIdleConnections()
	ready := time.Now().Add(time.Minute)
	for ; time.Now().Before(ready); time.Sleep(100 * time.Millisecond) {
		if cert != "" {
			if answer, err := blind.Get("https://" + address + "/-/ready"); err == nil {
				if _ = answer.Body.Close(); answer.StatusCode == http.StatusOK {
					return scheme + "://" + address
				}
			}
			continue
		}
		if v, err := client(t, prometheus.Options{}).Value(t.Context(), "http://"+address, "up"); err == nil && v == 1 {
			return scheme + "://" + address
		}
	}
	t.Fatal("prometheus does not answer")
	return ""
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func client(t *testing.T, o prometheus.Options) *prometheus.Client {
	t.Helper()
	c, err := prometheus.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestValueOfPrometheus asks a real one: what is not one number says what it is.
func TestValueOfPrometheus(t *testing.T) {
	server := start(t, "", "")
	tests := map[string]struct {
		query string
		want  float64
		err   string
	}{
		"Scalar":    {"1.5", 1.5, ""},
		"Vector":    {"vector(2)", 2, ""},
		"Metric":    {"min(up)", 1, ""},
		"NoData":    {"never_heard_of", 0, "the query has no data"},
		"Several":   {`{__name__=~"go_.*", __name__!~"go_gc_.*"}`, 0, "values, not one"},
		"Text":      {`"a text"`, 0, `unexpected value type "string"`},
		"Range":     {"up[1m]", 0, "the query's answer is a matrix, not one value"},
		"NoQuery":   {"sum(", 0, "parse error"},
		"WrongType": {"rate(up)", 0, "expected type range vector"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := client(t, prometheus.Options{}).Value(t.Context(), server, tc.query)
			if tc.err == "" && (err != nil || got != tc.want) || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("Value(%s) = %v, %v, want %v, %q on one line", tc.query, got, err, tc.want, tc.err)
			}
		})
	}
	t.Run("Gone", func(t *testing.T) {
		_, err := client(t, prometheus.Options{}).Value(t.Context(), "http://"+free(t), "1")
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("Value of nobody = %v, want refused", err)
		}
	})
}

// TestCertificates tells an expired certificate, one of a stranger, and takes a
// good one of an authority that is named.
func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		ends  time.Time
		known bool
		err   string
	}{
		"Good":     {time.Now().Add(time.Hour), true, ""},
		"Expired":  {time.Now().Add(-time.Hour), true, "certificate has expired"},
		"Stranger": {time.Now().Add(time.Hour), false, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			cert, key := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
			certificate(t, cert, key, tc.ends)
			server := start(t, cert, key)
			o := prometheus.Options{}
			if tc.known {
				o.CAFile = cert
			}
			got, err := client(t, o).Value(t.Context(), server, "1")
			if tc.err == "" && (err != nil || got != 1) || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("Value = %v, %v, want %q", got, err, tc.err)
			}
		})
	}
}

// certificate writes one for this machine that signs itself.
func certificate(t *testing.T, cert, key string, ends time.Time) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-24 * time.Hour), NotAfter: ends, IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := x509.MarshalECPrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sealed})))
}
