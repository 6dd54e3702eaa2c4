package ports_test

import (
	"net"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/ports"
)

// Two labs that reserve at the same time never share a port, and a released port can be listened on.
func TestReserve(t *testing.T) {
	names := []string{"a", "b", "c"}
	first, err := ports.Reserve(names)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := ports.Reserve(names)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	seen := map[int]bool{}
	for _, r := range []*ports.Reserved{first, second} {
		for name, port := range r.Ports {
			if seen[port] || port < 20000 || port > 32767 {
				t.Errorf("port %d of %s is not free, or outside what a lab may use", port, name)
			}
			seen[port] = true
		}
	}
	addr := ports.Address(first.Ports["a"])
	if l, err := net.Listen("tcp4", addr); err == nil {
		l.Close()
		t.Errorf("listening on reserved %s = nil, want a refusal", addr)
	}
	first.Release("a", "a", "unknown")
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatalf("listening on released %s = %v, want success", addr, err)
	}
	l.Close()
}
