package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// number writes a number: 9,941.
func number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// count writes a number with what is counted: 1 tenant, 9,941 tenants.
func count(n int, one string) string {
	if n != 1 {
		one += "s"
	}
	return number(n) + " " + one
}

// headline says in one line what a plan does.
func headline(p *impact.Plan) string {
	if !p.Effect() {
		return "nothing changes in the clusters"
	}
	parts := []string{fmt.Sprintf("%s of %s touched", count(p.Touched, "tenant"), number(p.Tenants))}
	if n := len(p.Refused()); n > 0 {
		parts = append(parts, fmt.Sprintf("%s refused", count(n, "change")))
	}
	if n := len(p.Changes); n > 0 {
		parts = append(parts, fmt.Sprintf("%s of objects, the worst %s", count(n, "distinct change"), p.Changes[0].Impact))
	}
	if p.Folded > 0 {
		parts = append(parts, fmt.Sprintf("%s in labels alone", count(p.Folded, "object")))
	}
	return strings.Join(parts, "; ")
}

// version writes a version; one that is not there is a dash.
func version(v ident.Version) string {
	if v.IsZero() {
		return "-"
	}
	return v.String()
}

func moment(t *time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// when says when a lane opens and ends.
func when(l impact.Lane, now time.Time) string {
	switch {
	case l.Opens == nil:
		return "does not open"
	case l.Ends == nil:
		return "opens " + moment(l.Opens) + ", does not end"
	case l.Opens.Equal(now) && l.Ends.Equal(now):
		return "at once"
	}
	return "opens " + moment(l.Opens) + ", ends " + moment(l.Ends)
}

// moves says who goes where.
func moves(l impact.Lane) string {
	var all []string
	for _, m := range l.Moves {
		way := []string{version(m.From)}
		for _, h := range l.Hops {
			if h != m.From && h != m.To && ident.CompareVersions(m.From.String(), h.String()) < 0 {
				way = append(way, h.String())
			}
		}
		all = append(all, fmt.Sprintf("%s %s", count(m.Tenants, "tenant"), strings.Join(append(way, version(m.To)), " -> ")))
	}
	if len(all) == 0 {
		all = append(all, fmt.Sprintf("wants %s, nobody moves", version(l.Wanted)))
	}
	if l.Pinned > 0 {
		all = append(all, fmt.Sprintf("%d pinned", l.Pinned))
	}
	if l.Behind > 0 {
		all = append(all, fmt.Sprintf("%d behind", l.Behind))
	}
	return strings.Join(all, ", ")
}

// title names a rollout and says when it is done.
func title(r impact.Rollout) string {
	what := r.Product.String()
	if r.Underway {
		what += ", under way already"
	}
	if r.Ends == nil {
		return what + ": does not end by itself"
	}
	return what + ": ends " + moment(r.Ends) + " at the earliest"
}

// block says what is in the way, without what people wrote.
func block(b impact.Block) string {
	text := string(b.Code)
	if !b.Version.IsZero() {
		text += " of " + b.Version.String()
	}
	if b.Tenants > 0 {
		text += " for " + count(b.Tenants, "tenant")
	}
	if b.Until != nil {
		text += " until " + moment(b.Until)
	}
	return text
}

// whom says how many tenants have a change, by ring.
func whom(c impact.Change, rings []impact.Ring) string {
	if c.Tenants == 0 {
		return "of the environment"
	}
	var parts []string
	for _, r := range rings {
		if n := c.Rings[r.Ring]; n > 0 {
			parts = append(parts, r.Ring.String()+" "+number(n))
		}
	}
	return count(c.Tenants, "tenant") + " (" + strings.Join(parts, ", ") + ")"
}

// place writes a field shortly: containers[spe].image.
func place(field string) string {
	return strings.ReplaceAll(strings.TrimPrefix(field, "spec.template.spec."), ".[name=", "[")
}

// Bounds of what is shown to people; JSON has it all.
const (
	mostFields = 100  // of a change
	mostFaults = 1000 // of a plan
)

// shown is a change as far as it is shown.
type shown struct {
	impact.Change
	More int // fields
}

// fit returns as many changes as have room in some bytes, and how many have none.
func fit(all []impact.Change, room int) (some []shown, more int) {
	for i, c := range all {
		s := shown{c, max(0, len(c.Fields)-mostFields)}
		s.Fields = c.Fields[:len(c.Fields)-s.More]
		if room -= s.size(); room < 0 {
			return some, len(all) - i
		}
		some = append(some, s)
	}
	return some, 0
}

// size is about how many bytes a change is shown with.
func (s shown) size() int {
	const around = 128
	n := around + len(s.Of) + len(s.Object) + len(s.Example.Diff)
	for _, f := range s.Fields {
		n += around + len(f.Name) + len(f.From) + len(f.To) + len(f.Breaks) + len(f.How)
	}
	return n
}

// faults returns what was left out, as far as it is shown.
func faults(p *impact.Plan) []string {
	if n := len(p.Skipped); n > mostFaults {
		return append(slices.Clip(p.Skipped[:mostFaults]), "and "+count(n-mostFaults, "more fault"))
	}
	return p.Skipped
}
