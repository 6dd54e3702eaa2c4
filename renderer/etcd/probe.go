package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

var (
	errNoTLS   = errors.New("the server closed the TLS handshake")
	errNoHTTP2 = errors.New("the server does not speak etcd's protocol")
)

// probe opens a bare connection to every endpoint and returns when one of them
// greets as etcd does. etcd's client tries refused connections again until its
// time is up and then says no more than that; this says at once what is wrong.
func (r *resolved) probe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error, len(r.Endpoints))
	for _, e := range r.Endpoints {
		go func() { results <- r.probeOne(ctx, e) }()
	}
	var first error
	for range r.Endpoints {
		err := <-results
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return r.explain("connecting to etcd", first)
}

func (r *resolved) probeOne(ctx context.Context, endpoint string) error {
	network, address := "tcp", strings.TrimPrefix(strings.TrimPrefix(endpoint, "https://"), "http://")
	if scheme(endpoint) == "unix" {
		network, address = "unix", strings.TrimPrefix(endpoint, "unix://")
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Close() }()
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })() // ends reads and writes
	conn := raw
	if r.tls != nil {
		conn, err = r.handshake(ctx, raw, address)
	}
	if err == nil {
		err = greet(conn)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (r *resolved) handshake(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config := r.tls.Clone()
	config.ServerName = host
	config.NextProtos = []string{"h2"}
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(ctx); errors.Is(err, io.EOF) {
		return nil, errNoTLS
	} else if err != nil {
		return nil, err
	}
	return client, nil
}

// greet exchanges the first frames of HTTP/2 (RFC 9113, section 3.4): both
// sides begin with SETTINGS. A TLS server that refuses the client's
// certificate says so no earlier than here.
func greet(conn net.Conn) error {
	const (
		preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00" // length 0, type 4
	)
	if _, err := io.WriteString(conn, preface+settings); err != nil {
		return err
	}
	var header [len(settings)]byte
	if _, err := io.ReadFull(conn, header[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errNoHTTP2
	} else if err != nil {
		return err
	}
	if header[3] != settings[3] {
		return fmt.Errorf("%w: it greets with %q", errNoHTTP2, header)
	}
	return nil
}
