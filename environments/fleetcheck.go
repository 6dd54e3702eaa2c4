package environments

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// maxRings keeps ring waves apart and the fleet readable.
const maxRings = 64

func (f *Fleet) check(c checker, prometheus bool) {
	c.header(f.APIVersion, f.Kind, "Fleet")
	c.within("keepVersions", *f.KeepVersions, 0, 10)
	c.within("batch", f.Batch, 1, 1000)
	if n := len(f.Rings); n < 1 || n > maxRings {
		c.addf("rings", fmt.Sprintf("use 1 to %d", maxRings), "number of rings %d is out of range", n)
	}
	names := map[ident.Ring]bool{}
	members := map[ident.Tenant]ident.Ring{}
	share := 0
	for i := range f.Rings {
		r := &f.Rings[i]
		item := c.item(fmt.Sprintf("ring %q", r.Name), "rings", i)
		item.needs("name", r.Name.IsZero())
		once(item, names, r.Name, fmt.Sprintf("%q", r.Name))
		for _, id := range r.Tenants {
			if other, twice := members[id]; twice {
				item.addf("tenants", "name a tenant in one ring only", "tenant %q is in ring %q too", id, other)
			}
			members[id] = r.Name
		}
		share += r.SharePercent
		r.check(item, i == len(f.Rings)-1, prometheus)
	}
	if share < 0 || share > 100 {
		c.addf("rings", "use 0 to 100", "sum of sharePercent %d is out of range", share)
	}
	f.checkNames(c)
	f.checkLists(c, names)
}

const month = 30 * 24 * 3600 // in seconds

func (r *Ring) check(c checker, last, prometheus bool) {
	c.within("sharePercent", r.SharePercent, 0, 100)
	c.within("stepSoakSeconds", r.StepSoakSeconds, 0, month)
	c.within("soakSeconds", r.SoakSeconds, 0, month)
	c.within("parallel", r.Parallel, 0, 100)
	if !last && len(r.Tenants) == 0 && len(r.MatchLabels) == 0 && r.SharePercent == 0 {
		c.addf("", "give it tenants, matchLabels or sharePercent; only the last ring takes the rest", "it selects no tenant")
	}
	if r.OnFailure != "" && r.OnFailure != Halt && r.OnFailure != Rollback {
		c.addf("onFailure", "use halt or rollback", "onFailure %s is unknown", fault.Clip(string(r.OnFailure)))
	}
	for i, percent := range r.Steps {
		c.within("steps", percent, 1, 99)
		if i > 0 && percent <= r.Steps[i-1] {
			c.addf("steps", "write them rising, such as [1, 10, 50]; 100 is implied", "steps: %d does not rise above %d", percent, r.Steps[i-1])
		}
	}
	if r.StepSoakSeconds > 0 && len(r.Steps) == 0 {
		c.addf("stepSoakSeconds", "add steps, or say soakSeconds", "stepSoakSeconds without steps never soaks")
	}
	r.checkGates(c, prometheus)
}

func (r *Ring) checkGates(c checker, prometheus bool) {
	if len(r.Gates) > 0 && !prometheus {
		c.addf("gates", "add prometheus: and its URL to "+environmentFile, "gates without a Prometheus never open")
	}
	names := map[string]bool{}
	for i, g := range r.Gates {
		item := c.item(fmt.Sprintf("%sgates[%d]", c.who, i), append(slices.Clone(c.path), "gates", i)...)
		item.match("name", g.Name, ident.IsDNSLabel, "use a DNS label")
		once(item, names, g.Name, fmt.Sprintf("gate %q", g.Name))
		item.needs("query", strings.TrimSpace(g.Query) == "")
		item.needs("max or min", g.Max == nil && g.Min == nil)
		if g.Max != nil && g.Min != nil && *g.Min > *g.Max {
			item.addf("min", "exchange the two", "min %v is above max %v", *g.Min, *g.Max)
		}
		item.within("forSeconds", g.ForSeconds, 0, month)
	}
}

// checkNames refuses ring names that could be taken for a slice of another:
// ring "main-01" beside ring "main".
func (f *Fleet) checkNames(c checker) {
	for _, a := range f.Rings {
		for i, b := range f.Rings {
			if RingLike(a.Name, b.Name.String()) && a.Name != b.Name {
				c.item(fmt.Sprintf("ring %q", b.Name), "rings", i).addf("name", "rename one of them", "it could be taken for a batch of ring %q", a.Name)
			}
		}
	}
}

// RingLike reports whether name is that of the ring or of one of its batches,
// "<ring>" or "<ring>-" and two or four hex digits. A tenant id must not be,
// because the Applications of rings and tenants share one name space.
func RingLike(ring ident.Ring, name string) bool {
	rest, ok := strings.CutPrefix(name, ring.String())
	if !ok || rest == "" {
		return ok
	}
	if rest[0] != '-' || len(rest) != 3 && len(rest) != 5 {
		return false
	}
	for _, c := range rest[1:] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
