package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// Text writes plans for a terminal: of each the summary first, then rollouts,
// then the changes with their fields, the worst first and as many as have room
// in a megabyte.
func Text(w io.Writer, plans []*impact.Plan) error {
	var b strings.Builder
	for i, p := range plans {
		if i > 0 {
			b.WriteString("\n")
		}
		text(&b, p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func text(b *strings.Builder, p *impact.Plan) {
	fmt.Fprintf(b, "environment %s: %s\n", p.Environment, headline(p))
	for _, r := range p.Rollouts {
		fmt.Fprintf(b, "\nrollout %s\n", title(r))
		for _, l := range r.Lanes {
			fmt.Fprintf(b, "  %s: %s, %s\n", l.Ring, moves(l), when(l, p.At))
			for _, x := range l.Blocks {
				fmt.Fprintf(b, "    in the way: %s\n", join(": ", block(x), x.Detail))
				if x.Lift != "" {
					fmt.Fprintf(b, "      %s\n", x.Lift)
				}
			}
		}
	}
	for _, s := range p.Security {
		fmt.Fprintf(b, "\npod security of %s: %s -> %s, %s\n", s.Of, s.From, s.To, join(": ", count(s.Tenants, "tenant"), s.Reason))
	}
	some, more := fit(p.Changes, textRoom)
	for _, c := range some {
		fmt.Fprintf(b, "\n%-9s %s %s, %s\n", c.Impact, c.Of, c.Object, whom(c.Change, p.Rings))
		for _, f := range c.Fields {
			textField(b, f)
		}
		if c.More > 0 {
			fmt.Fprintf(b, "  and %s\n", count(c.More, "more field"))
		}
	}
	if more > 0 {
		fmt.Fprintf(b, "\nand %s: -o json has them all\n", count(more, "more change"))
	}
	for i, line := range faults(p) {
		if i == 0 {
			b.WriteString("\nleft out\n")
		}
		fmt.Fprintf(b, "  %s\n", line)
	}
}

const textRoom = 1 << 20

func textField(b *strings.Builder, f impact.Field) {
	if f.Name != "" {
		fmt.Fprintf(b, "  %s: %s -> %s\n", place(f.Name), dash(f.From), dash(f.To))
	}
	switch {
	case f.How != "":
		fmt.Fprintf(b, "    breaks: %s; declared: %s\n", f.Breaks, f.How)
	case f.Breaks != "":
		fmt.Fprintf(b, "    BREAKS: %s\n", f.Breaks)
	}
}

func dash(v string) string {
	if v == "" {
		return "-"
	}
	return v
}

// join joins what is not empty.
func join(sep string, parts ...string) string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, sep)
}
