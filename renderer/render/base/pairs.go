package base

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// Values that fit alone may not fit together: a request above its limit, two
// ports of one number, two halves of a name that is too long. So of any two
// parameters that one object gets, the ends of one meet the ends of the other,
// as many of them as possible in each overlay.

// choice is which value some axes have, by their index; others have their first.
type choice map[int]int

// meeting is a value of one axis beside a value of another, a < b.
type meeting struct{ a, b, x, y int }

// pairs proves the parameters of an active tenant two by two.
func (p *prover) pairs(ctx context.Context) []error {
	open := p.meetings()
	waits := make(map[meeting]bool, len(open))
	for _, m := range open {
		waits[m] = true
	}
	for _, c := range p.fit {
		for _, m := range p.met(c) {
			delete(waits, m)
		}
	}
	var faults []error
	var other error // what no pair explains
	for _, m := range open {
		if !waits[m] {
			continue
		}
		if ctx.Err() != nil || len(faults) >= maxFaults {
			break
		}
		c := p.beside(m, waits)
		met := slices.DeleteFunc(p.met(c), func(m meeting) bool { return !waits[m] })
		for _, m := range met {
			delete(waits, m)
		}
		if p.accepted(c) {
			err := p.try(ctx, c)
			if err == nil {
				continue
			}
			other = cmp.Or(other, err)
		}
		found, _ := p.unfit(ctx, met)
		faults = append(faults, found...)
	}
	if len(faults) == 0 && other != nil {
		faults = append(faults, fmt.Errorf("parameters together: %w", other))
	}
	return faults
}

// unfit returns the pairs of parameters that do not fit, each once, and whether
// there are any among the meetings.
func (p *prover) unfit(ctx context.Context, met []meeting) (faults []error, some bool) {
	for _, m := range met {
		pair := [2]int{m.a, m.b}
		if p.told[pair] && some {
			continue
		}
		if err := p.apart(ctx, m); err != nil {
			if some = true; !p.told[pair] {
				p.told[pair], faults = true, append(faults, err)
			}
		}
	}
	return faults, some
}

// apart proves two values beside ordinary ones. Values that no tenant may give
// together, and those that one of the two is to blame for, are no fault of both.
func (p *prover) apart(ctx context.Context, m meeting) error {
	both := choice{m.a: m.x, m.b: m.y}
	if !p.accepted(both) {
		return nil
	}
	err := p.try(ctx, both)
	if err == nil || p.try(ctx, choice{m.a: m.x}) != nil || p.try(ctx, choice{m.b: m.y}) != nil {
		return nil //nolint:nilerr // one of the two is to blame, and named for it
	}
	a, b := p.axes[m.a], p.axes[m.b]
	return fault.Hintf("bound their schemas (minimum, maximum, maxLength, enum) so that any two values fit, or refuse the two with if and then under parameters",
		"%s may be %s while %s is %s: %w", a, fault.Clip(a.values[m.x]), b, fault.Clip(b.values[m.y]), err)
}

// couple notes the pairs of axes that some object gets both of.
func (p *prover) couple() {
	known := map[[2]int]bool{}
	for _, names := range p.base.written {
		var of []int
		for i, a := range p.axes {
			if names[a.name] && !a.unproven {
				of = append(of, i)
			}
		}
		for n, i := range of {
			for _, j := range of[n+1:] {
				known[[2]int{i, j}] = true
			}
		}
	}
	p.coupled = slices.SortedFunc(maps.Keys(known), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
}

// couples returns the pairs of axes of which neither breaks the version alone.
func (p *prover) couples() [][2]int {
	if len(p.guilty) == 0 {
		return p.coupled
	}
	return slices.DeleteFunc(slices.Clone(p.coupled), func(c [2]int) bool {
		return p.guilty[p.axes[c[0]].name] || p.guilty[p.axes[c[1]].name]
	})
}

// meetings returns what ought to meet: the ends of a couple, and what both may be.
func (p *prover) meetings() []meeting {
	var out []meeting
	for _, couple := range p.couples() {
		i, j := couple[0], couple[1]
		a, b := p.axes[i], p.axes[j]
		for _, x := range a.ends {
			for _, y := range b.ends {
				if x != 0 || y != 0 {
					out = append(out, meeting{i, j, x, y})
				}
			}
		}
		for x, value := range a.values {
			if y := slices.Index(b.values, value); y >= 0 {
				out = append(out, meeting{i, j, x, y})
				break
			}
		}
	}
	return out
}

// beside returns a choice in which m meets, and with it much that waits.
func (p *prover) beside(m meeting, waits map[meeting]bool) choice {
	c := choice{m.a: m.x, m.b: m.y}
	for i, a := range p.axes {
		if _, set := c[i]; set {
			continue
		}
		best, most := 0, 0
		for _, x := range a.ends {
			n := 0
			for j, y := range c {
				if waits[ordered(i, x, j, y)] {
					n++
				}
			}
			if n > most {
				best, most = x, n
			}
		}
		if most > 0 {
			c[i] = best
		}
	}
	return c
}

// met returns what meets in a choice.
func (p *prover) met(c choice) []meeting {
	var out []meeting
	for _, couple := range p.couples() {
		out = append(out, meeting{couple[0], couple[1], c[couple[0]], c[couple[1]]})
	}
	return out
}

// at returns the choice of a round.
func (p *prover) at(round int) choice {
	c := choice{}
	for i, a := range p.axes {
		c[i] = a.at(round)
	}
	return c
}

func ordered(i, x, j, y int) meeting {
	if i < j {
		return meeting{i, j, x, y}
	}
	return meeting{j, i, y, x}
}

// try builds the overlay of an active tenant with a choice.
func (p *prover) try(ctx context.Context, c choice) error {
	given := maps.Clone(p.usual)
	for i, x := range c {
		given[p.axes[i].name] = p.axes[i].values[x]
	}
	return p.round(ctx, manifest.ActiveDir, given)
}

// accepted reports whether the schema takes the own parameters of a choice together.
func (p *prover) accepted(c choice) bool {
	own := map[string]any{}
	for i, a := range p.axes {
		if a.own && !a.unproven {
			own[a.name] = a.raw[c[i]]
		}
	}
	_, err := p.base.Version.Fill(own)
	return err == nil
}

// extremes returns the values of an axis that are least likely to fit beside
// another's: the shortest and the longest, the least and the greatest. What fits
// beside both ends fits beside what lies between them.
func extremes(a axis) []int {
	var out []int
	add := func(i int) {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	var all, sized []int
	for i, value := range a.values {
		all = append(all, i)
		if _, err := quantity.Bound(value); err == nil {
			sized = append(sized, i)
		}
	}
	length := func(i, j int) int { return cmp.Compare(len(a.values[i]), len(a.values[j])) }
	add(slices.MinFunc(all, length))
	add(slices.MaxFunc(all, length))
	size := func(i, j int) int {
		mine, _ := quantity.Bound(a.values[i]) // read above
		theirs, _ := quantity.Bound(a.values[j])
		return mine.Cmp(theirs)
	}
	if len(sized) > 0 {
		add(slices.MinFunc(sized, size))
		add(slices.MaxFunc(sized, size))
	}
	return out
}
