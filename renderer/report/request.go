package report

import (
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Request is an open merge request that would let tenants run another version.
type Request struct {
	Product ident.Product
	Tenant  ident.Tenant // zero: it is of rings
	Number  int64
	// Title and Waits are text of others: what it is, and why it is not merged.
	Title, Waits string
	Since        time.Time
}

// Requested takes in the merge requests that are open.
func (j *Join) Requested(all []Request) { j.requests = all }

// unmerged adds the merge requests of which the product's next version waits.
func (c *chain) unmerged() {
	for i := range c.requests {
		r := &c.requests[i]
		if r.Product != c.product || !r.Tenant.IsZero() && r.Tenant != c.id {
			continue
		}
		c.add(Link{Code: Unmerged, Sentence: fmt.Sprintf("merge request !%d (%s) is not merged: %s", r.Number, Line(r.Title), Line(r.Waits)),
			Object: fmt.Sprintf("merge request !%d", r.Number), Since: moment(r.Since), Command: fmt.Sprintf("glab mr view %d", r.Number)})
	}
}
