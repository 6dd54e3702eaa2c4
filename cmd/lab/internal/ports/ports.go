// Package ports reserves loopback ports for the components of a lab.
//
// A reservation is a listener that is held until the component that will use
// the port is about to start, so two labs that come up at the same time do
// not choose the same one. Ports are drawn from below the range that the
// kernel gives to outgoing connections: a component that was killed finds its
// port free when it comes back.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

const (
	first = 20000
	last  = 32000
)

// Loopback is the only address that a lab listens on.
const Loopback = "127.0.0.1"

// Reserved holds ports by name until they are released.
type Reserved struct {
	Ports     map[string]int
	listeners map[string]net.Listener
}

// Reserve holds one free port for each name.
func Reserve(names []string) (*Reserved, error) {
	r := &Reserved{Ports: map[string]int{}, listeners: map[string]net.Listener{}}
	for _, name := range names {
		if err := r.hold(name); err != nil {
			r.Close()
			return nil, err
		}
	}
	return r, nil
}

func (r *Reserved) hold(name string) error {
	var errs []error
	for range 200 {
		port := first + rand.IntN(last-first)
		l, err := net.Listen("tcp4", Address(port))
		if err == nil {
			r.Ports[name], r.listeners[name] = port, l
			return nil
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("looking for a free port: %w", errors.Join(errs[:3]...))
}

// Release gives the ports back to whoever is about to listen on them.
func (r *Reserved) Release(names ...string) {
	for _, name := range names {
		if l, ok := r.listeners[name]; ok {
			l.Close()
			delete(r.listeners, name)
		}
	}
}

// Close releases every port.
func (r *Reserved) Close() {
	for name := range r.listeners {
		r.Release(name)
	}
}

// Address is host:port of a port on loopback.
func Address(port int) string { return net.JoinHostPort(Loopback, strconv.Itoa(port)) }
