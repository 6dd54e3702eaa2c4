package git

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// A server that takes a request and never answers does not hold us for ever.
func TestSilentServerIsGivenUp(t *testing.T) {
	short.Skip(t, "waits for a server")
	t.Parallel()
	server := gittest.New(t)
	server.Write("theirs", "1")
	h := server.HTTP("")
	r, err := open(t.Context(), h.URL, Options{Branch: "main", CacheDir: t.TempDir()}, hooks{patience: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	base, err := r.Head(t.Context())
	for fault.ClassOf(err) == fault.Retry { // the server is well, if slower than our impatience on a busy machine
		base, err = r.Head(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	tx := r.Begin(base)
	defer tx.Discard()
	putFile(t, tx, "ours", "1")
	res, err := tx.Commit(t.Context(), Message{Subject: "ours"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		reason, request string
		do              func() error
	}{
		"Fetch":    {"before it says where the branch is", "git-upload-pack", func() error { _, err := r.Head(t.Context()); return err }},
		"Push":     {"before it takes the push", "info/refs", func() error { return r.Publish(t.Context(), base, res) }},
		"PushSent": {"while it takes the push", "git-receive-pack", func() error { return r.Publish(t.Context(), base, res) }},
	} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			var once sync.Once
			end := func() { once.Do(func() { close(stop) }) }
			defer end()
			h.Intercept(func(_ http.ResponseWriter, req *http.Request) bool {
				if !strings.Contains(req.URL.String(), tc.request) {
					return false
				}
				<-stop
				return true
			})
			began := time.Now()
			err := tc.do()
			if fault.ClassOf(err) != fault.Retry || err == nil || !strings.Contains(err.Error(), "said nothing for 300ms") || time.Since(began) > 20*time.Second {
				t.Errorf("error = %v of class %v after %v, want the server given up: %s", err, fault.ClassOf(err), time.Since(began), tc.reason)
			}
			end()
			h.Intercept(nil)
		})
	}
	for server.Tip() != res.Commit.String() { // it is well again
		if err := r.Publish(t.Context(), base, res); err != nil && fault.ClassOf(err) != fault.Retry {
			t.Fatalf("Publish() = %v, the branch is at %s, want it at %s", err, server.Tip(), res.Commit)
		}
	}
}

// Whatever is asked of a server that is silent, it is said once what is waited
// for, and given up after the patience of the options.
func TestSilentServerIsTold(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for impatience")
	}
	server := gittest.New(t)
	server.Write("theirs", "1")
	h := server.HTTP("")
	told := make(chan string, 8)
	o := Options{Branch: "main", CacheDir: t.TempDir(), Patience: impatience + time.Second,
		Waiting: func(where string, patience time.Duration) { told <- where + " " + patience.String() }}
	r, err := Open(t.Context(), h.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	head(t, r)
	if len(told) > 0 {
		t.Errorf("of a server that answers it is told %q", <-told)
	}
	stop := make(chan struct{})
	defer close(stop)
	h.Intercept(func(http.ResponseWriter, *http.Request) bool { <-stop; return true })
	o.Branch = ""
	for name, do := range map[string]func() error{
		"Open":     func() error { _, err := Open(t.Context(), h.URL, o); return err },
		"Head":     func() error { _, err := r.Head(t.Context()); return err },
		"Writable": func() error { return r.Writable(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(); err == nil || fault.ClassOf(err) != fault.Retry || !strings.Contains(err.Error(), "said nothing for 3s") {
				t.Errorf("error = %v of class %v, want the server given up", err, fault.ClassOf(err))
			}
			if len(told) != 1 {
				t.Fatalf("told %d times, want once", len(told))
			}
			if got, want := <-told, h.URL+" 3s"; got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		})
	}
}

// Slow is not silent.
func TestWatchdogHears(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = time.Minute
		ctx, dog, stop := watch(t.Context(), limit, func() {})
		defer stop()
		for range 10 {
			time.Sleep(limit - time.Nanosecond)
			dog.heard()
		}
		time.Sleep(limit - time.Nanosecond)
		if synctest.Wait(); ctx.Err() != nil {
			t.Errorf("the context ended after signs of life: %v", context.Cause(ctx))
		}
		time.Sleep(time.Nanosecond)
		if synctest.Wait(); fault.ClassOf(context.Cause(ctx)) != fault.Retry || ctx.Err() == nil {
			t.Errorf("the context's cause = %v without signs of life, want it ended, to be tried again", context.Cause(ctx))
		}
		if dog.heard(); ctx.Err() == nil {
			t.Error("what is over goes on after a late sign of life")
		}
	})
}
