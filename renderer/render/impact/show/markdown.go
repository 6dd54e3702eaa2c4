package show

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// Markdown writes plans for the note of a merge request, at most limit bytes:
// first what all of them say in short, then rollouts, then the changes, the
// worst first, then an example of each. It is cut between these, and says how
// many are left out.
func Markdown(plans []*impact.Plan, limit int) []byte {
	m := &markdown{left: limit}
	for _, p := range plans {
		m.must(fmt.Sprintf("**Environment %s**: %s\n\n", code(p.Environment.String()), headline(p)))
	}
	for _, p := range plans {
		m.refused(p)
		m.section(p, "Rollouts", "rollout", rollouts(p))
		m.section(p, "Pod security", "version", standards(p))
		m.section(p, "Left out", "fault", skipped(p))
	}
	for _, p := range plans {
		m.section(p, "Changes", "change", changes(p))
	}
	for _, p := range plans {
		m.section(p, "Examples", "example", examples(p))
	}
	return []byte(m.b.String())
}

// markdown is a text with a limit.
type markdown struct {
	b    strings.Builder
	left int
}

// reserve is what is kept for saying what was cut.
const reserve = 120

// must writes a text that is never cut, unless it alone is beyond the limit.
func (m *markdown) must(text string) bool {
	if len(text) > m.left {
		return false
	}
	m.b.WriteString(text)
	m.left -= len(text)
	return true
}

// section writes a heading and as many of the items as there is room for.
func (m *markdown) section(p *impact.Plan, heading, one string, items []string) {
	if len(items) == 0 {
		return
	}
	heading = fmt.Sprintf("### %s in %s\n\n", heading, code(p.Environment.String()))
	if len(heading)+reserve > m.left || !m.must(heading) {
		return
	}
	for i, item := range items {
		if len(item)+reserve > m.left {
			m.must(fmt.Sprintf("- and %s that are left out here\n", count(len(items)-i, "more "+one)))
			break
		}
		m.must(item)
	}
	m.must("\n")
}

// refused says what stops the merge.
func (m *markdown) refused(p *impact.Plan) {
	var items []string
	for _, c := range p.Refused() {
		for _, f := range c.Fields {
			if f.Breaks != "" && f.How == "" {
				items = append(items, fmt.Sprintf("- %s %s, %s: %s\n", code(c.Of), code(join(" ", c.Object, f.Name)), whom(c, p.Rings), f.Breaks))
			}
		}
	}
	m.section(p, "Refused", "change", items)
}

func rollouts(p *impact.Plan) []string {
	var all []string
	for _, r := range p.Rollouts {
		var b strings.Builder
		fmt.Fprintf(&b, "- %s\n", title(r))
		for _, l := range r.Lanes {
			fmt.Fprintf(&b, "  - %s: %s, %s\n", code(l.Ring.String()), moves(l), when(l, p.At))
			for _, x := range l.Blocks {
				fmt.Fprintf(&b, "    - in the way: %s", block(x))
				if x.Detail != "" {
					fmt.Fprintf(&b, ": %s", code(x.Detail))
				}
				b.WriteString("\n")
			}
		}
		all = append(all, b.String())
	}
	return all
}

func standards(p *impact.Plan) []string {
	var all []string
	for _, s := range p.Security {
		line := fmt.Sprintf("- %s: %s to %s, %s", code(s.Of), s.From, s.To, count(s.Tenants, "tenant"))
		if s.Reason != "" {
			line += ": " + code(s.Reason)
		}
		all = append(all, line+"\n")
	}
	return all
}

func skipped(p *impact.Plan) []string {
	var all []string
	for i, line := range p.Skipped {
		if i == fewFaults {
			return append(all, "- and "+count(len(p.Skipped)-i, "more fault")+"\n")
		}
		all = append(all, "- "+code(line)+"\n")
	}
	return all
}

// changes are one item for each distinct change.
func changes(p *impact.Plan) []string {
	all := make([]string, 0, len(p.Changes))
	for _, c := range p.Changes {
		var b strings.Builder
		fmt.Fprintf(&b, "- **%s** %s %s, %s\n", c.Impact, code(c.Of), code(c.Object), whom(c, p.Rings))
		for i, f := range c.Fields {
			if i == fewFields {
				fmt.Fprintf(&b, "  - and %s\n", count(len(c.Fields)-i, "more field"))
				break
			}
			field(&b, f)
		}
		all = append(all, b.String())
	}
	return all
}

// A note has so many fields of a change and faults of a plan, for there are other
// changes too.
const (
	fewFields = 20
	fewFaults = 50
)

func field(b *strings.Builder, f impact.Field) {
	if f.Name != "" {
		fmt.Fprintf(b, "  - %s: %s to %s\n", code(place(f.Name)), code(dash(f.From)), code(dash(f.To)))
	}
	if f.Breaks != "" {
		fmt.Fprintf(b, "  - breaks: %s", f.Breaks)
		if f.How != "" {
			fmt.Fprintf(b, "; declared: %s", code(f.How))
		}
		b.WriteString("\n")
	}
}

// examples are one diff for each distinct change that has one.
func examples(p *impact.Plan) []string {
	var all []string
	for _, c := range p.Changes {
		if c.Example.Diff == "" {
			continue
		}
		of := "the environment"
		if !c.Example.Tenant.IsZero() {
			of = "tenant " + code(c.Example.Tenant.String())
		}
		all = append(all, fmt.Sprintf("%s %s of %s:\n\n%s\n", code(c.Of), code(c.Object), of, fenced(c.Example.Diff)))
	}
	return all
}

// code writes a text as code in a line: between more backticks than it has, in
// which Markdown knows nothing else.
func code(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	if strings.Trim(s, " ") == "" {
		return "` `"
	}
	ticks := strings.Repeat("`", longestRun(s)+1)
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// fenced writes a diff as a block between more backticks than it has. Each line
// of a diff begins with a sign, so that none begins with a command.
func fenced(diff string) string {
	ticks := strings.Repeat("`", max(3, longestRun(diff)+1))
	return ticks + "diff\n" + strings.TrimSuffix(diff, "\n") + "\n" + ticks + "\n"
}

// longestRun returns how many backticks stand side by side at most.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
