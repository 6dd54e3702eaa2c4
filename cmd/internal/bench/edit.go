package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/environments/edit"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func editFigures() []figure {
	return []figure{{name: "bump-edit-ms", unit: "ms", bound: 50, run: bumpEdit,
		about: "a bump's edit of a fleet.yaml of 64 rings with four products, all rings at once, median"}}
}

// bumpEdit moves one product in all rings, each edit proven as in a bump.
func bumpEdit(context.Context) (float64, error) {
	var fleet strings.Builder
	fleet.WriteString("apiVersion: sluice.gatorcloud.io/v1\nkind: Fleet\nrings:\n")
	var wants []edit.Want
	for i := range 64 {
		name := fmt.Sprintf("ring-%c%c", 'a'+i/8, 'a'+i%8)
		fmt.Fprintf(&fleet, "- name: %s # of region %d\n  sharePercent: 1\n  soakSeconds: 600\n  versions:\n    swg: \"202\"\n    dsa: \"31\"\n    ucwi: \"112\"\n    seg: \"7\"\n", name, i)
		wants = append(wants, edit.Want{Ring: ident.Must[ident.RingKind](name), Product: ident.Must[ident.ProductKind]("swg"), Version: ident.Must[ident.VersionKind]("203")})
	}
	text, times := []byte(fleet.String()), make([]time.Duration, 0, 15)
	for range cap(times) {
		start := time.Now()
		after, err := edit.Versions(text, wants...)
		if times = append(times, time.Since(start)); err != nil {
			return 0, err
		}
		if n := strings.Count(string(after), `"203"`); n != len(wants) {
			return 0, fmt.Errorf("%d of %d rings were moved", n, len(wants))
		}
	}
	slices.Sort(times)
	return times[len(times)/2].Seconds() * 1000, nil
}
