package impact

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/gatorcloud/sluice/renderer/render/base"
)

// impacts are all of them, the worst last.
func impacts() []base.Impact {
	return []base.Impact{base.ImpactAdd, base.ImpactConfig, base.ImpactRoute, base.ImpactScale, base.ImpactRestart,
		base.ImpactRemove, base.ImpactData, base.ImpactImmutable}
}

func worse(a, b base.Impact) bool { return rank(a) > rank(b) }

func rank(i base.Impact) int { return slices.Index(impacts(), i) }

// changes returns the distinct changes, the worst first, each with an example.
func (c *comparer) changes() []Change {
	all := make([]Change, 0, len(c.groups))
	for _, g := range c.groups {
		g.Example = Example{Tenant: g.first.id, Diff: g.diff()}
		all = append(all, g.Change)
	}
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(b.Impact), rank(a.Impact)), cmp.Compare(b.Tenants, a.Tenants),
			strings.Compare(a.Of, b.Of), strings.Compare(a.Object, b.Object), a.Example.Tenant.Compare(b.Example.Tenant),
			slices.CompareFunc(a.Fields, b.Fields, compareFields))
	})
	return all
}

func compareFields(a, b Field) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
}

// An example shows this many bytes and lines of a diff.
const (
	maxDiff      = 4 << 10
	maxDiffLines = 60
)

// diff returns the unified diff of the example. A Secret has none.
func (g *group) diff() string {
	if strings.HasPrefix(g.Object, "Secret/") || g.was == "" || g.is == "" {
		return ""
	}
	text := string(diff.Diff("before", []byte(g.was), "after", []byte(g.is)))
	_, text, _ = strings.Cut(text, "\n") // its own heading
	text = strings.Map(visible, text)
	lines := strings.SplitAfter(text, "\n")
	for i, size := 0, 0; i < len(lines); i++ {
		if size += len(lines[i]); i >= maxDiffLines || size > maxDiff {
			return strings.Join(lines[:i], "") + "(cut)\n"
		}
	}
	return text
}

// visible replaces what would not be seen, or do something else.
func visible(r rune) rune {
	if r == '\n' || r == '\t' || strconv.IsPrint(r) {
		return r
	}
	return '\ufffd'
}
