// Package etcdtest puts a network that can fail in front of an etcd: a proxy
// on loopback that cuts, refuses or swallows at the test's word. It serves
// tests and figures only; it holds no state but its connections.
package etcdtest

import (
	"net"
	"strings"
	"sync"
)

// Mode is what a Proxy does with traffic.
type Mode int

const (
	// Pass passes everything on.
	Pass Mode = iota
	// Swallow takes bytes and passes none on, as a partition does.
	Swallow
	// Refuse cuts connections and takes no new ones.
	Refuse
)

// Proxy is a TCP endpoint before another one.
type Proxy struct {
	listener net.Listener
	network  string
	target   string

	mu    sync.Mutex
	mode  Mode
	shut  bool
	conns map[net.Conn]struct{}
	group sync.WaitGroup
}

// NewProxy listens on loopback before an endpoint in the form of etcd's
// clients: a unix:// path or an http:// address.
func NewProxy(endpoint string) (*Proxy, error) {
	p := &Proxy{network: "tcp", conns: map[net.Conn]struct{}{}}
	if path, ok := strings.CutPrefix(endpoint, "unix://"); ok {
		p.network, p.target = "unix", path
	} else {
		_, p.target, _ = strings.Cut(endpoint, "://")
	}
	var err error
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	p.group.Go(p.accept)
	return p, nil
}

// Endpoint returns the proxy's own address as an etcd endpoint.
func (p *Proxy) Endpoint() string { return "http://" + p.listener.Addr().String() }

// Set changes what the proxy does from now on. Traffic that was swallowed is
// lost, so its connections are cut when the proxy passes again.
func (p *Proxy) Set(m Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m == Refuse || p.mode == Swallow && m == Pass {
		p.cut()
	}
	p.mode = m
}

// Cut breaks all connections once.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
}

func (p *Proxy) cut() {
	for c := range p.conns {
		_ = c.Close()
	}
}

// Close ends the proxy and everything that goes through it.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.shut = true
	p.cut()
	p.mu.Unlock()
	err := p.listener.Close()
	p.group.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.serve(client) })
	}
}

// keep notes a connection so that it can be cut; it reports whether it may live.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = struct{}{}
	return !p.shut && p.mode != Refuse
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	if !p.keep(client) {
		return
	}
	server, err := net.Dial(p.network, p.target)
	if err != nil {
		return
	}
	defer p.drop(server)
	if !p.keep(server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client) })
	both.Go(func() { p.copy(client, server) })
	both.Wait()
}

// copy passes bytes until an end is closed, and closes the other.
func (p *Proxy) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && p.passes() {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) passes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode == Pass
}
