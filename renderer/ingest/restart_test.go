package ingest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
)

// While two replicas work, etcd restarts, a replica loses its lease and SPS goes
// on changing: every notice that was acknowledged is in etcd at the end.
func TestRestarts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("restarts etcd again and again")
	}
	dir, err := os.MkdirTemp("", "ingest")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	server, err := embedded.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: server.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	f := newFixture(t, store, 100)
	ctx, stop := contextWithStop(t)
	var ended []chan struct{}
	var workers []*Worker
	for range 2 {
		w, done := f.worker(), make(chan struct{})
		ended, workers = append(ended, done), append(workers, w)
		go func() { w.Run(ctx); close(done) }()
	}
	notices := 0
	for round := 1; round <= 3; round++ {
		for i := range 5 {
			id := fmt.Sprint(i)
			f.put(id, with(document(id, "swg"), map[string]any{"replicas": round*10 + i}))
			notices++
			eventually(t, "a notice is acknowledged", func() bool {
				_, err := f.store.Mark(t.Context(), tenantID(id), fmt.Sprint(notices))
				return err == nil
			})
		}
		workers[round%2].Close()
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // long enough for calls to fail
		if server, err = embedded.Start(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "etcd has what SPS says", func() bool {
		l, err := store.Records(f.store.records).List(t.Context())
		for i, tenant := range l.Tenants {
			if tenant.Authorisations[0].Replicas != 30+i {
				return false
			}
		}
		return err == nil && len(l.Tenants) == 5
	})
	stop()
	for _, done := range ended {
		<-done
	}
}
