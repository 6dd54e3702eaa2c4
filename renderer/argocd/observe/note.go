package observe

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// note is what an observer remembers of an Application: the version it saw
// granted to it last, and what it waits for before it believes a status at it.
type note struct {
	version ident.Version
	looked  bool      // Argo CD has looked since the grant was first seen
	noted   bool      // the spec was seen to be the grant
	stamp   time.Time // reconciledAt when it was, or when a refresh was asked for
	tries   int       // to ask
}

// believe returns the verdict that a sight gives, and notes what is waited for.
// An Application of which nothing is remembered waits for nothing if settled.
func (t *turn) believe(selector, name string, version ident.Version, s sight, settled bool) rollout.Verdict {
	n, known := t.Observer.notes[selector][name]
	if !known {
		n = note{version: version, looked: settled}
	}
	if n.version != version {
		n = note{version: version}
	}
	switch {
	case n.looked || !s.granted:
	case !n.noted:
		n.noted, n.stamp = true, s.reconciled
	case !s.refreshing && s.reconciled.After(n.stamp):
		n.looked = true
	}
	t.notes[selector][name] = n
	// A request that is gone without a later stamp was lost: a look that had begun
	// before it took it away, or one within the same second, which stamps do not tell.
	if s.granted && !n.looked && !s.refreshing {
		t.asks = append(t.asks, ask{selector: selector, name: name, reconciled: s.reconciled, tries: n.tries, turn: len(t.notes[selector])})
	}
	if n.looked || s.verdict == rollout.Unknown {
		return s.verdict
	}
	return rollout.Pending
}
