package task

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd"
)

// Run is a claim as it stands in etcd.
type Run struct {
	Task string
	Due  time.Time
	Record
	// Running says that its lease lasts. Without it, and without a result, the
	// run was killed.
	Running bool
}

// List returns the claims below a prefix, DefaultPrefix when it is empty, by
// task and the newest first. A key that is no claim is passed over.
func List(ctx context.Context, store *etcd.Store, prefix string) ([]Run, error) {
	prefix = cmp.Or(prefix, DefaultPrefix)
	var all []Run
	claimed := map[string]int64{} // by task: the revision of the claim that runs
	mods := map[string]int64{}
	_, err := store.Scan(ctx, prefix, func() { all = nil; clear(claimed) }, func(key string, value []byte, mod int64) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(key, prefix+"/"), "/")
		if rest == running {
			claimed[name] = mod
			return
		}
		r := Run{Task: name}
		var err error
		if r.Due, err = time.Parse(time.RFC3339, rest); err == nil && json.Unmarshal(value, &r.Record) == nil {
			all = append(all, r)
			mods[key] = mod
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reading the claims of tasks: %w", err)
	}
	for i, r := range all {
		all[i].Running = claimed[r.Task] > 0 && claimed[r.Task] == mods[prefix+"/"+r.Task+"/"+stamp(r.Due)]
	}
	slices.SortFunc(all, func(a, b Run) int { return cmp.Or(cmp.Compare(a.Task, b.Task), b.Due.Compare(a.Due)) })
	return all, nil
}
