package etcd

import (
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
)

// A poke reaches every process, and after a partition all are told to look.
func TestPoke(t *testing.T) {
	t.Parallel()
	server := serve(t)
	proxy, err := etcdtest.NewProxy(server.Endpoints()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	here := dial(t, Config{Endpoints: server.Endpoints()})
	heard := [2]chan struct{}{make(chan struct{}, 100), make(chan struct{}, 100)}
	for i, c := range []Config{{Endpoints: server.Endpoints()}, {Endpoints: []string{proxy.Endpoint()}}} {
		s := dial(t, c)
		go s.Poked(t.Context(), func() { heard[i] <- struct{}{} })
	}
	await := func(i int, poke bool, reason string) {
		t.Helper()
		for deadline := time.After(20 * time.Second); ; {
			if poke { // until the watch is there
				if err := here.Poke(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-heard[i]:
				return
			case <-time.After(100 * time.Millisecond):
			case <-deadline:
				t.Fatal(reason)
			}
		}
	}
	await(0, true, "a poke is not heard by the one")
	await(1, true, "nor by the other")
	proxy.Set(etcdtest.Refuse)
	for len(heard[1]) > 0 {
		<-heard[1]
	}
	if err := here.Poke(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.Set(etcdtest.Pass)
	await(1, false, "a poke during a partition is lost")
}
