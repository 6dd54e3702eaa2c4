package caller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/netutil"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Listener says where a service listens. Without a certificate it speaks plain
// HTTP, and that on loopback only unless it is Insecure.
type Listener struct {
	Address string
	// CertFile and KeyFile are the server's certificate, in PEM; both or none.
	CertFile, KeyFile string
	// ClientCAFile holds the authorities of callers' certificates, in PEM.
	ClientCAFile string
	// CertificateRequired refuses connections without one; else a token may do.
	CertificateRequired bool
	// Insecure speaks plain HTTP to other machines too.
	Insecure bool
	// Unread is told why files were not read again. May be nil.
	Unread func(error)
	// Proxied says that a proxy in front has the certificate.
	Proxied bool
	// Connections is how many there may be at once; 1,024 when zero.
	Connections int
}

// Server serves until it is closed.
type Server struct {
	server *http.Server
	listen net.Listener
	done   chan struct{}
}

// Listen begins to serve. Requests have 10 s to come and 30 s to be answered,
// unless their handler says otherwise. ctx bounds the beginning only.
func Listen(ctx context.Context, l Listener, handler http.Handler) (*Server, error) {
	config, err := l.tls()
	if err != nil {
		return nil, err
	}
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.Address)
	if err != nil {
		return nil, fmt.Errorf("listening at %q: %w", l.Address, err)
	}
	if at, ok := socket.Addr().(*net.TCPAddr); config == nil && !l.Insecure && (!ok || !at.IP.IsLoopback()) {
		_ = socket.Close()
		return nil, fault.Hintf("give a certificate and its key, or listen on 127.0.0.1", "listening at %q: what callers send would pass in clear", l.Address)
	}
	if l.Connections <= 0 {
		l.Connections = 1024
	}
	s := &Server{listen: socket, done: make(chan struct{}), server: &http.Server{Handler: handler, TLSConfig: config,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0)}} // handshakes of strangers; the standard logger is not ours
	limited := netutil.LimitListener(socket, l.Connections)
	go func() {
		defer close(s.done)
		if config == nil {
			_ = s.server.Serve(limited)
		} else {
			_ = s.server.ServeTLS(limited, "", "")
		}
	}()
	return s, nil
}

// Address returns where the server listens.
func (s *Server) Address() string { return s.listen.Addr().String() }

// Close ends the server after the requests in hand, and at the latest with ctx.
func (s *Server) Close(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = s.server.Close()
	}
	<-s.done
	return err
}

// tls returns the configuration of the server, whose files are read again when
// they change; nil without a certificate.
func (l Listener) tls() (*tls.Config, error) {
	if l.CertFile == "" && l.KeyFile == "" && l.ClientCAFile == "" {
		return nil, nil
	}
	r, err := Open(time.Now(), l.load, l.Unread)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return r.Get(time.Now()), nil
	}}, nil
}

// load reads the files.
func (l Listener) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(l.CertFile, l.KeyFile)
	if err != nil {
		return nil, fault.Hintf("give a certificate and its key in PEM", "reading certificate %q: %w", l.CertFile, err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	if l.ClientCAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(l.ClientCAFile)
	if err != nil {
		return nil, fault.Hintf("check that the file is there", "reading authorities of callers: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fault.Hintf("use a PEM file", "reading authorities of callers: %q holds no certificate", l.ClientCAFile)
	}
	if l.CertificateRequired {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}
