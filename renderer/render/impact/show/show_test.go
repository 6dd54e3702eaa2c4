package show_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/render/impact/show"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// hostile are texts that tenants and catalogs may hold.
var hostile = []string{
	"/merge", "\n/merge\n", "@everybody look", "``` \n/close\n```", "```\n", "~~~", "`a` @all `b`", "``````",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://evil.example/x.png)", "[click](javascript:alert(1))",
	"https://evil.example/", "[a]: https://evil.example", "- [ ] task\n# heading", "| a | b |\n|---|---|", "</code></pre>", "{{template}}",
	"$`x`$", "\x1b[31m\x07", "a\u202eb", "#1 !2 ~bug %3", "---\n", "", " ", "`", "\\`", "&lt;b&gt;", strings.Repeat("long ", 300),
}

func planOf(words ...string) *impact.Plan {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	ring, product := ident.Must[ident.RingKind]("main"), ident.Must[ident.ProductKind]("swg")
	old, young := ident.Must[ident.VersionKind]("202"), ident.Must[ident.VersionKind]("203")
	p := &impact.Plan{Environment: ident.Must[ident.EnvironmentKind]("local"), At: at, Tenants: 12345, Touched: 9941,
		Rings: []impact.Ring{{Ring: ring, Create: 1, Update: 9940, Delete: 2}}}
	for _, w := range words {
		p.Rollouts = append(p.Rollouts, impact.Rollout{Product: product, Lanes: []impact.Lane{{Ring: ring, Wanted: young, Opens: &at, Ends: &at,
			Moves: []impact.Move{{From: old, To: young, Tenants: 9941}}, Blocks: []impact.Block{{Code: rollout.Held, Detail: w}}}}})
		p.Security = append(p.Security, impact.Security{Of: "swg " + w, From: "restricted", To: "baseline", Reason: w})
		p.Skipped = append(p.Skipped, w)
		p.Changes = append(p.Changes, impact.Change{Of: "swg", Object: "ConfigMap/" + w, Impact: base.ImpactConfig, Tenants: 9941, Rings: map[ident.Ring]int{ring: 9941},
			Fields:  []impact.Field{{Name: w, From: w, To: w + "!", Impact: base.ImpactConfig, Breaks: "the field cannot change", How: w}},
			Example: impact.Example{Tenant: ident.Must[ident.TenantKind]("1000001"), Diff: "+" + strings.ReplaceAll(w, "\n", "\n+") + "\n"}})
	}
	return p
}

// What comes from tenants and catalogs is nothing but code to a parser of
// Markdown, and no line of the note begins with it.
func TestMarkdownHoldsHostileText(t *testing.T) {
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	for _, w := range append(hostile, strings.Join(hostile, "\n")) {
		out := show.Markdown([]*impact.Plan{planOf(w)}, 1<<20)
		var shown bytes.Buffer
		err := ast.Walk(parser.Parse(text.NewReader(out)), func(n ast.Node, in bool) (ast.WalkStatus, error) {
			if !in {
				return ast.WalkContinue, nil
			}
			switch n := n.(type) {
			case *ast.CodeSpan, *ast.FencedCodeBlock:
				return ast.WalkSkipChildren, nil
			case *ast.Text:
				shown.Write(n.Segment.Value(out))
				shown.WriteByte('\n')
			case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.List, *ast.ListItem, *ast.Heading, *ast.Emphasis:
			default:
				t.Errorf("Markdown(%q) has a %s:\n%s", w, n.Kind(), out)
			}
			return ast.WalkContinue, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, sign := range []string{"/", "@", "evil", "<", "`", "#", "~"} {
			if strings.Contains(shown.String(), sign) {
				t.Errorf("Markdown(%q) shows %q outside of code:\n%s", w, sign, shown.String())
			}
		}
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(strings.TrimLeft(line, " \t>"), "/") {
				t.Errorf("Markdown(%q) has a line that begins with a command: %q", w, line)
			}
		}
	}
}

// A note has its limit however much there is to say, says how much was cut, and
// is cut between groups.
func TestMarkdownIsCut(t *testing.T) {
	short.Skip(t, "shows large plans")
	words := make([]string, 5000)
	for i := range words {
		words[i] = fmt.Sprintf("change %d %s", i, strings.Repeat("x", i%300))
	}
	p := planOf(words...)
	p.Rollouts, p.Security, p.Skipped = p.Rollouts[:3], nil, nil
	for _, limit := range []int{2000, 10000, 60000} {
		out := string(show.Markdown([]*impact.Plan{p, p}, limit))
		if len(out) > limit {
			t.Errorf("Markdown(%d) has %d bytes", limit, len(out))
		}
		if !strings.HasPrefix(out, "**Environment `local`**: 9,941 tenants of 12,345 touched") {
			t.Errorf("Markdown(%d) does not begin with the summary: %.200s", limit, out)
		}
		shown := strings.Count(out, "- **config**")
		if limit >= 10000 && !strings.Contains(out, "more changes that are left out here") {
			t.Errorf("Markdown(%d) shows %d of 10,000 changes and does not say what was cut:\n%s", limit, shown, out)
		}
		if strings.Count(out, "```")%2 != 0 {
			t.Errorf("Markdown(%d) cuts inside a block", limit)
		}
	}
}

// However much there is to say, no form is longer than people read: what is cut is
// the least bad, and said.
func TestFormsAreBounded(t *testing.T) {
	short.Skip(t, "shows large plans")
	words := make([]string, 5000)
	for i := range words {
		words[i] = fmt.Sprintf("change %d %s", i, strings.Repeat("x", 150))
	}
	p := planOf(words...)
	p.Rollouts, p.Security = p.Rollouts[:3], nil
	for i := range p.Changes {
		p.Changes[i].Example.Diff = strings.Repeat("+a line of a diff\n", 200)
		if i < 200 {
			p.Changes[i].Fields = slices.Repeat(p.Changes[i].Fields, 1+i*60%200)
		}
	}
	var text, page bytes.Buffer
	if err := errors.Join(show.Text(&text, []*impact.Plan{p}), show.HTML(&page, []*impact.Plan{p})); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		got  string
		most int
	}{"Text": {text.String(), 3 << 20}, "HTML": {page.String(), 24 << 20}, "Markdown": {string(show.Markdown([]*impact.Plan{p}, 60000)), 60000}} {
		first, last := strings.Contains(tc.got, "ConfigMap/change 0 "), strings.Contains(tc.got, "ConfigMap/change 4999 ")
		if len(tc.got) > tc.most || !strings.Contains(tc.got, " more change") || !first || last {
			t.Errorf("%s has %d bytes, first change %t, last %t, want at most %d, with the first changes and how many more there are", name, len(tc.got), first, last, tc.most)
		}
	}
	for name, got := range map[string]string{"Text": text.String(), "HTML": page.String()} {
		if !strings.Contains(got, "more fields") || !strings.Contains(got, "and 4,000 more faults") {
			t.Errorf("%s does not say how many fields and faults are cut", name)
		}
	}
}

// A page holds hostile text as text, runs nothing and asks nobody.
func TestHTMLHoldsHostileText(t *testing.T) {
	for _, w := range hostile {
		var b bytes.Buffer
		if err := show.HTML(&b, []*impact.Plan{planOf(w)}); err != nil {
			t.Fatal(err)
		}
		page := strings.ToLower(b.String())
		for _, bad := range []string{"<script", "<img", "<a ", "href=", "src=x\"", "http://", "<link", "@import", "url("} {
			if strings.Contains(page, bad) {
				t.Errorf("HTML(%q) has %q", w, bad)
			}
		}
	}
}

// Text and JSON say all of a plan.
func TestTextAndJSON(t *testing.T) {
	p := planOf("audit")
	var b strings.Builder
	if err := show.Text(&b, []*impact.Plan{p}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"environment local: 9,941 tenants of 12,345 touched", "main: 9,941 tenants 202 -> 203, at once", "held: audit",
		"ConfigMap/audit, 9,941 tenants (main 9,941)", "audit: audit -> audit!", "declared: audit", "pod security of swg audit: restricted -> baseline"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("Text() does not say %q:\n%s", want, b.String())
		}
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"touched":9941`, `"code":"held"`, `"impact":"config"`, `"breaks":"the field cannot change"`, `"create":1`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("JSON has no %s: %s", want, data)
		}
	}
	if got, want := string(show.Terraform(p.Rings[0])), `{"create":1,"delete":2,"update":9940}`+"\n"; got != want {
		t.Errorf("Terraform() = %s, want %s", got, want)
	}
}
