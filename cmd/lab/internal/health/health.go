// Package health tells when a component of the lab serves: probes for HTTP
// endpoints, Redis and sockets, and a wait that repeats a probe until it
// passes. A probe returns nil or the reason why not; it never waits itself.
package health

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Probe returns nil once what it looks at serves.
type Probe func(ctx context.Context) error

// HTTP passes when a GET of the URL is answered with a status below 300. The
// transport's security is t's; nil stands for plain HTTP.
func HTTP(url string, t *tls.Config) Probe {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		// No proxy: a lab is on loopback, whatever the environment says.
		transport := &http.Transport{TLSClientConfig: t, DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= 300 {
			return fmt.Errorf("%s answers %s", url, resp.Status)
		}
		return nil
	}
}

// TCP passes when the address takes a connection.
func TCP(addr string) Probe {
	return func(ctx context.Context) error { return dial(ctx, "tcp", addr, "") }
}

// Unix passes when something listens on the socket.
func Unix(path string) Probe {
	return func(ctx context.Context) error { return dial(ctx, "unix", path, "") }
}

// Redis passes when the server at the address answers a ping.
func Redis(addr string) Probe {
	return func(ctx context.Context) error { return dial(ctx, "tcp", addr, "PING\r\n") }
}

func dial(ctx context.Context, network, addr, say string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if say == "" {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte(say)); err != nil {
		return err
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(answer[:n]), "+") {
		return fmt.Errorf("%s answers %q", addr, answer[:n])
	}
	return nil
}

// Socket passes when the folder holds a socket whose name begins with the prefix and something listens on it.
func Socket(dir, prefix string) Probe {
	return func(ctx context.Context) error {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), ".sock") {
				return dial(ctx, "unix", dir+"/"+e.Name(), "")
			}
		}
		return fmt.Errorf("no socket %q in %q", prefix+"*.sock", dir)
	}
}

// Await repeats the probe until it passes. alive is asked between two tries:
// false ends the wait, because what has died cannot become ready.
func Await(ctx context.Context, probe Probe, alive func() bool) error {
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		if !alive() {
			return fmt.Errorf("it ended: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
