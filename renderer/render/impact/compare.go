package impact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// subject is whose parts are compared; the environment has no id and no ring.
type subject struct {
	id   ident.Tenant
	ring ident.Ring
}

// outcome is what became of a subject.
type outcome struct {
	changed bool
	folded  int
	faults  []error
}

// comparer builds parts and gathers how their objects differ. Objects of two
// tenants that differ in nothing but the tenant's own words are parsed and
// compared once: what hides the words can be undone, so texts are equal exactly
// when hidden ones are.
type comparer struct {
	engine  *overlay.Engine
	buffers sync.Pool // of *buffers

	mu     sync.Mutex
	known  map[[sha256.Size]byte]*found // by hidden texts
	groups map[string]*group
}

// buffers are those of one goroutine.
type buffers struct {
	was, is, before, after []byte
	old, now               []document
	hash                   hash.Hash
}

// found is how two texts of an object differ, once it is known.
type found struct {
	once  sync.Once
	group *group // nil: only in marks
	err   error
}

// group is one distinct change, with the texts of the first tenant.
type group struct {
	Change
	first   subject
	was, is string
}

func newComparer(e *overlay.Engine) *comparer {
	return &comparer{engine: e, known: map[[sha256.Size]byte]*found{}, groups: map[string]*group{}}
}

// parts compares what runs of a subject before and after.
func (c *comparer) parts(ctx context.Context, s subject, before, after []render.Part) (outcome, error) {
	b, _ := c.buffers.Get().(*buffers)
	if b == nil {
		b = &buffers{hash: sha256.New()}
	}
	defer c.buffers.Put(b)
	var out outcome
	for _, is := range after {
		if i := slices.IndexFunc(before, func(p render.Part) bool { return p.Of == is.Of }); i < 0 {
			if err := c.part(ctx, s, pair{is: is}, b, &out); err != nil {
				return out, err
			}
		} else if !before[i].Same(is) {
			if err := c.part(ctx, s, pair{was: before[i], is: is}, b, &out); err != nil {
				return out, err
			}
		}
	}
	for _, was := range before {
		if !slices.ContainsFunc(after, func(p render.Part) bool { return p.Of == was.Of }) {
			if err := c.part(ctx, s, pair{was: was}, b, &out); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// pair is a part before and after; one of them may be zero.
type pair struct {
	was, is render.Part
	words   words // of whose part it is
}

func (p pair) of() string {
	if p.is.Of != "" {
		return p.is.Of
	}
	return p.was.Of
}

// hold looks up what the claims of both have. What it does not get only after is a fault.
func (p *pair) hold(out *outcome) error {
	was, before, err := p.was.Held()
	if err != nil {
		return err
	}
	is, after, err := p.is.Held()
	if err != nil {
		return err
	}
	p.was, p.is = was, is
	for _, f := range after {
		if !slices.ContainsFunc(before, func(x plan.Fault) bool { return x.Error() == f.Error() }) {
			out.faults = append(out.faults, f)
		}
	}
	return nil
}

// part compares the objects of a part.
func (c *comparer) part(ctx context.Context, s subject, p pair, b *buffers, out *outcome) (err error) {
	if err := p.hold(out); err != nil {
		return err
	}
	if b.was, err = c.build(ctx, p.was, b.was[:0]); err == nil {
		b.is, err = c.build(ctx, p.is, b.is[:0])
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil { // who cannot be built keeps what he has
		out.faults = append(out.faults, fmt.Errorf("tenant %q: building %s: %w", s.id, p.of(), err))
		return nil
	}
	b.old, b.now = documents(b.old, b.was), documents(b.now, b.is)
	p.words = p.whose()
	none, next := document{}, 0
	for i := range b.now {
		is, was := &b.now[i], &none
		if at := is.find(b.old, next); at >= 0 {
			was, next = &b.old[at], at+1
		}
		if err := c.document(s, &p, [2]*document{was, is}, b, out); err != nil {
			return err
		}
		was.text = nil
	}
	for i := range b.old {
		if was := &b.old[i]; was.text != nil {
			if err := c.document(s, &p, [2]*document{was, &none}, b, out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparer) build(ctx context.Context, p render.Part, dst []byte) ([]byte, error) {
	if p.Of == "" {
		return dst, nil
	}
	return p.Build(ctx, c.engine, dst)
}

// document compares an object before and after.
func (c *comparer) document(s subject, p *pair, d [2]*document, b *buffers, out *outcome) error {
	if bytes.Equal(d[0].text, d[1].text) {
		return nil
	}
	out.changed = true
	b.before, b.after = d[0].plain(b.before[:0]), d[1].plain(b.after[:0])
	if bytes.Equal(b.before, b.after) {
		out.folded++
		return nil
	}
	f := c.find(key(p, b))
	f.once.Do(func() { f.group, f.err = c.judge(p, b) })
	switch {
	case f.err != nil:
		return f.err
	case f.group == nil:
		out.folded++
	default:
		c.count(f.group, s, b)
	}
	return nil
}

// whose returns the words of whose part it is.
func (p pair) whose() words {
	was, is := p.was.Who(), p.is.Who()
	if p.was.Of == "" {
		was = is
	} else if p.is.Of == "" {
		is = was
	}
	return wordsOf(was, is)
}

// key is equal for objects that change alike. What stands before and after what
// differs is looked at once.
func key(p *pair, b *buffers) (sum [sha256.Size]byte) {
	h := b.hash
	h.Reset()
	for _, base := range []*base.Base{p.was.Base, p.is.Base} {
		if base != nil {
			h.Write([]byte(base.Version.Ref.String() + " " + base.Digest))
		}
		h.Write([]byte{0xff})
	}
	h.Write([]byte(p.of()))
	head := common(b.before, b.after)
	was, is := b.before[head:], b.after[head:]
	tail := commonEnd(was, is)
	for _, text := range [][]byte{b.before[:head], was[:len(was)-tail], is[:len(is)-tail], is[len(is)-tail:]} {
		h.Write([]byte{0xff})
		p.words.hide(h, text)
	}
	h.Sum(sum[:0])
	return sum
}

func (c *comparer) find(key [sha256.Size]byte) *found {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.known[key]
	if f == nil {
		f = &found{}
		c.known[key] = f
	}
	return f
}

// judge parses and compares two texts of an object and returns the group that
// they belong to; nil if they differ in marks alone.
func (c *comparer) judge(p *pair, b *buffers) (*group, error) {
	w := &p.words
	changes, err := base.Compare(base.Built{Base: p.was.Base, Text: b.before}, base.Built{Base: p.is.Base, Text: b.after}, w.say)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	change := Change{Of: p.of(), Object: w.say(changes[0].Object), Rings: map[ident.Ring]int{}}
	for _, x := range changes {
		f := Field{Name: w.say(x.Field), From: x.From, To: x.To, Impact: x.Impact, Breaks: x.Breaks, How: clip(x.How)}
		if secret(x) {
			f.From, f.To = hidden(f.From), hidden(f.To)
		}
		change.Fields = append(change.Fields, f)
		if worse(f.Impact, change.Impact) {
			change.Impact = f.Impact
		}
	}
	name := fmt.Sprintf("%q", []any{change.Of, change.Object, change.Fields})
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.groups[name]
	if g == nil {
		g = &group{Change: change}
		c.groups[name] = g
	}
	return g, nil
}

// secret reports whether a change shows what a Secret holds.
func secret(c base.Change) bool {
	return strings.HasPrefix(c.Object, "Secret/") && (strings.HasPrefix(c.Field, "data") || strings.HasPrefix(c.Field, "stringData"))
}

func hidden(v string) string {
	if v == "" {
		return ""
	}
	return "(not shown)"
}

// count counts a subject's object in a group.
func (c *comparer) count(g *group, s subject, b *buffers) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g.was == "" && g.is == "" || s.id.Compare(g.first.id) < 0 {
		g.first, g.was, g.is = s, string(b.before), string(b.after)
	}
	if !s.id.IsZero() {
		g.Tenants++
		g.Rings[s.ring]++
	}
}
