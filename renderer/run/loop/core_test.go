package loop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// replica is a Core with its own copy of etcd and its own way to Git.
type replica struct {
	*Core
	feed *feed
	git  *flaky
}

func (s *stand) replica(fence int64, allow bool) *replica {
	git := &flaky{Repo: s.openAt(cmp.Or(s.url, s.dir)), race: func() {}}
	feed := s.etcd.mirror(func() time.Time { return s.now })
	return &replica{NewCore(Config{Environment: local, Pipeline: pipes(), Branch: git, Source: feed, Version: "test",
		Fence: fence, AllowRemovals: allow}), feed, git}
}

// settle steps until nothing is left to do.
func (s *stand) settle(r *replica) error {
	r.feed.deliver(1 << 30)
	r.Refetch()
	for range 10 {
		_, err := r.Step(context.Background(), s.now)
		if err == nil && r.Pending() == 0 && r.roster != nil {
			return nil
		}
		if err != nil && !isRace(err) && !errors.Is(err, errBroken) {
			return err
		}
		r.Refetch()
	}
	return errors.New("there is no end to it")
}

func drawChange(rt *rapid.T, s *stand) {
	id := fmt.Sprint(1000000 + rapid.IntRange(0, 5).Draw(rt, "tenant"))
	key := "/" + id
	if rapid.Float64().Draw(rt, "rights") > 0.3 {
		r := right{product: rapid.SampledFrom([]string{"swg", "dsa", "ucwi"}).Draw(rt, "product"), start: s.now.AddDate(-1, 0, 0)}
		key += "/rs/" + r.product
		r.replicas = rapid.IntRange(0, 5).Draw(rt, "replicas")
		switch rapid.IntRange(0, 5).Draw(rt, "time") {
		case 0:
			r.start = s.now.Add(time.Duration(rapid.IntRange(-2, 72).Draw(rt, "start")) * time.Hour)
		case 1:
			r.end = s.now.Add(time.Duration(rapid.IntRange(-60*24, 72).Draw(rt, "end")) * time.Hour)
			r.start = r.end.AddDate(-1, 0, 0)
		}
		if r.product == "swg" {
			r.version = rapid.SampledFrom([]string{"", "", "200", "202", "999"}).Draw(rt, "version")
		}
		s.etcd.change(key, rapid.SampledFrom([]string{r.String(), r.String(), r.String(), "", "{bad"}).Draw(rt, "value"))
		return
	}
	s.etcd.change(key, rapid.SampledFrom([]string{tenantRecord(id, ""), tenantRecord(id, ""), tenantRecord(id, `"channel":"early"`), "", "null"}).Draw(rt, "value"))
}

// However changes, time, people's commits, other leaders, races and broken
// connections interleave: once everything is delivered Git is what a render
// from nothing gives, and the commits cover every revision once and in order.
func TestGitIsARenderOfEtcd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("renders random histories by real Git")
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := newStand(t)
		for i := range 3 { // a fleet to begin with
			id := fmt.Sprint(1000000 + i)
			s.etcd.change("/"+id, tenantRecord(id, ""))
			s.etcd.change("/"+id+"/rs/swg", right{product: "swg", start: s.now.AddDate(-1, 0, 0)}.String())
		}
		fence := int64(1)
		r := s.replica(fence, true)
		step := func(r *replica) {
			_, err := r.Step(context.Background(), s.now)
			if err != nil && !isRace(err) && !errors.Is(err, errBroken) && !errors.Is(err, publish.ErrBehind) && !errors.Is(err, publish.ErrFenced) {
				rt.Fatalf("Step() = %v", err)
			}
		}
		var old *replica
		rt.Repeat(map[string]func(*rapid.T){
			"change":  func(rt *rapid.T) { drawChange(rt, s) },
			"changes": func(rt *rapid.T) { drawChange(rt, s); drawChange(rt, s); drawChange(rt, s) },
			"deliver": func(rt *rapid.T) { r.feed.deliver(rapid.IntRange(1, 4).Draw(rt, "n")) },
			"reread":  func(*rapid.T) { r.feed.reread() },
			"step":    func(*rapid.T) { step(r) },
			"look":    func(*rapid.T) { r.Refetch(); step(r) },
			"break": func(rt *rapid.T) {
				r.git.next = rapid.SampledFrom([]string{"before", "after", "race"}).Draw(rt, "how")
				r.git.race = func() {
					s.commit("x", func(tx *git.Tx) error { return tx.PutFile("notes", []byte(fmt.Sprint(len(s.marks())))) })
				}
				r.feed.deliver(1)
				step(r)
			},
			"time": func(rt *rapid.T) {
				s.now = s.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "hours")) * time.Hour)
			},
			"bump": func(rt *rapid.T) {
				s.edit("fleet.yaml", `swg: "200"`, `swg: "202"`, `swg: "202"`, `swg: "200"`, `swg: ["200"]`, `swg: ["202"]`, `swg: ["202"]`, `swg: ["200"]`)
			},
			"vandal": func(rt *rapid.T) {
				s.commit("by hand", func(tx *git.Tx) error { return tx.PutFile("environments/local/rings/canary/x.yaml", []byte("x")) })
			},
			"takeover": func(rt *rapid.T) { // the old leader does not know yet
				fence++
				old, r = r, s.replica(fence, true)
				step(r)
			},
			"ghost": func(rt *rapid.T) {
				if old == nil {
					rt.Skip("no old leader")
				}
				old.feed.deliver(rapid.IntRange(0, 2).Draw(rt, "n"))
				if rapid.Bool().Draw(rt, "look") {
					old.Refetch()
				}
				step(old)
			},
		})
		if err := s.settle(r); err != nil {
			rt.Fatalf("settling: %v", err)
		}
		if d := s.differences(s.now); len(d) > 0 {
			rt.Errorf("a render from nothing changes %q", d)
		}
		s.checkMarks(rt.Fatalf)
	})
}
