package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// rolloutFigures are the figures of the order across rings.
func rolloutFigures() []figure {
	return []figure{
		{name: "advance-100-rings-us", unit: "us", bound: 50_000, run: advanceTurn,
			about: "a turn of the engine over 100 rings and 10 products, all on their way; every 5 s it may be a hundredth of a core"},
		{name: "grant-bytes-10k", unit: "KiB", bound: 16, run: grantBytes,
			about: "new objects of the largest commit that grants a version, among 10,000 tenants"},
	}
}

var (
	swg   = ident.Must[ident.ProductKind]("swg")
	began = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
)

// advanceTurn returns the time of a turn in which nothing is proven yet.
func advanceTurn(context.Context) (float64, error) {
	const rings, products, each = 100, 10, 10
	version := ident.Must[ident.VersionKind]
	in := &rollout.Input{Fleet: &rollout.Fleet{}, Catalog: rollout.Catalog{}}
	old, next := map[ident.Product]ident.Version{}, map[ident.Product]ident.Version{}
	for i := range products {
		p := ident.Must[ident.ProductKind](fmt.Sprintf("p%d", i))
		old[p], next[p] = version("202"), version("203")
		in.Catalog[p] = map[ident.Version]rollout.Edges{version("202"): {}, version("203"): {}}
	}
	var all []rollout.Tenant
	for i := range rings {
		in.Fleet.Rings = append(in.Fleet.Rings, rollout.Ring{Name: ident.Must[ident.RingKind](fmt.Sprintf("ring%02d", i)), Versions: old})
		for k := range each {
			id := ident.Must[ident.TenantKind](fmt.Sprint(1000000 + each*i + k))
			t := rollout.Tenant{ID: id, Ring: i, Place: rollout.PlaceOf(id), Products: map[ident.Product]rollout.Holding{}}
			for p := range old {
				t.Products[p] = rollout.Holding{}
			}
			all = append(all, t)
		}
	}
	in.Census = rollout.NewCensus(all)
	proven := rollout.Observation{Seen: true, Slices: map[rollout.Key][]rollout.Slice{}}
	r := rollout.Settle(in, rollout.Rollouts{})
	for k := range r.Lanes {
		proven.Slices[k] = []rollout.Slice{{To: rollout.End, Version: version("202"), Looked: each, Proven: each, Oldest: began, Newest: began}}
	}
	r = rollout.Advance(in, r, proven, began).Rollouts
	for i := range in.Fleet.Rings {
		in.Fleet.Rings[i].Versions = next
	}
	res := rollout.Advance(in, rollout.Settle(in, r), proven, began)
	if len(res.Moves) < products {
		return 0, fmt.Errorf("%d moves, want each product on its way: %v", len(res.Moves), res.Reasons)
	}
	best := time.Hour
	for range 50 {
		start := time.Now()
		rollout.Advance(in, res.Rollouts, proven, began)
		best = min(best, time.Since(start))
	}
	return float64(best.Microseconds()), nil
}

// grantBytes publishes a bump and then its grants.
func grantBytes(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	all := tenants(10000, "swg")
	before, err := wanting("200")
	if err != nil {
		return 0, err
	}
	repo, roster, _, err := commitAll(ctx, dir, before, all)
	if err != nil {
		return 0, err
	}
	defer repo.Close()
	if _, err := grants(ctx, repo, before, roster); err != nil { // the first version is proven
		return 0, err
	}
	after, err := wanting("202")
	if err != nil {
		return 0, err
	}
	_, err = commit(ctx, repo, func(head git.Head, tx *git.Tx) error {
		roster, _, err = after.Full(ctx, all, render.NewStored(repo.FS(head), local), nil, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	most, err := grants(ctx, repo, after, roster)
	return float64(most) / 1024, err
}

// wanting renders the example environment with a version of swg in every ring.
func wanting(version string) (*render.Renderer, error) {
	s, err := site()
	if err != nil {
		return nil, err
	}
	for i := range s.Fleet.Rings {
		r := &s.Fleet.Rings[i]
		r.Versions = maps.Clone(r.Versions)
		r.Versions[swg] = ident.Must[ident.VersionKind](version)
	}
	return rendererOf(s)
}

// grants publishes what the engine grants, slice by slice, until nothing moves
// any more. It returns the bytes of the largest commit that grants.
func grants(ctx context.Context, repo *git.Repo, r *render.Renderer, roster *render.Roster) (int64, error) {
	var most int64
	granted := 0
	for now := began; ; now = now.Add(time.Minute) {
		in, at := roster.Rollouts()
		res := rollout.Advance(in, at, healthy(in, at, now), now)
		if len(res.Moves) == 0 {
			fmt.Fprintf(os.Stderr, "# %d grants, at most %d bytes\n", granted, most)
			return most, nil
		}
		if _, ok := r.Grant(roster, res.Rollouts); !ok {
			return 0, errors.New("a grant asks for a full render")
		}
		bytes, err := commit(ctx, repo, func(_ git.Head, tx *git.Tx) error { return roster.Flush(ctx, tx) })
		if err != nil {
			return 0, err
		}
		roster.Settle()
		if slices.ContainsFunc(res.Moves, func(m rollout.Move) bool { return m.What == rollout.Granted }) {
			granted, most = granted+1, max(most, bytes)
		}
	}
}

// healthy is what Argo CD shows when all that is granted runs.
func healthy(in *rollout.Input, r rollout.Rollouts, now time.Time) rollout.Observation {
	o := rollout.Observation{Seen: true, Slices: map[rollout.Key][]rollout.Slice{}, Shared: map[ident.Component]rollout.Part{}}
	for i, ring := range in.Fleet.Rings {
		for k := range r.Lanes {
			if k.Ring == ring.Name {
				runs := in.Granted(r, i, k.Product)
				o.Slices[k] = in.Tally(r, i, k.Product, func(id ident.Tenant) rollout.Status {
					return rollout.Status{Version: runs[id], Verdict: rollout.Proven, Reconciled: now}
				})
			}
		}
	}
	for c, part := range r.Shared {
		o.Shared[c] = rollout.Part{Version: part.At, Verdict: rollout.Proven}
	}
	return o
}

// commit publishes what fill writes, and returns how many bytes are new.
func commit(ctx context.Context, repo *git.Repo, fill func(git.Head, *git.Tx) error) (int64, error) {
	head, err := repo.Head(ctx)
	if err != nil {
		return 0, err
	}
	tx := repo.Begin(head)
	if err := fill(head, tx); err != nil {
		return 0, err
	}
	res, err := tx.Commit(ctx, git.Message{Subject: "change"})
	if err != nil {
		return 0, err
	}
	return res.Bytes, repo.Publish(ctx, head, res)
}
