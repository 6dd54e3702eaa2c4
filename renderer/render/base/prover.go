package base

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// maxFaults bounds how many parameters one version is refused for.
const maxFaults = 20

// Prove checks the overlays of a version against the facts that are most likely
// to break them. The error joins every fault, each with a hint and with the
// value that breaks it.
func (b *Base) Prove(ctx context.Context, around ...*Base) error {
	return b.prove(ctx, overlay.New(overlay.Options{}), &shape.Definitions{}, around)
}

// prove is Prove with the engine that has built b and the custom kinds that are known.
func (b *Base) prove(ctx context.Context, engine *overlay.Engine, known *shape.Definitions, around []*Base) error {
	p := &prover{base: b, known: known, sampler: newSampler(engine), axes: axes(b.Version), usual: ordinary(b.Version), before: index(b.objects()),
		guilty: map[string]bool{}, told: map[[2]int]bool{}, judged: map[string]judgement{}}
	p.couple()
	p.around(around)
	faults, typed := p.links()
	faults = slices.Concat(p.unproven(), b.lasting(), b.authority(), faults)
	if typed {
		for _, state := range states(p.base) {
			faults = append(faults, p.state(ctx, state)...)
		}
	}
	if ctx.Err() != nil { // what was cut short is no fault of the version
		return fmt.Errorf("proving %s: %w", b.Version.Ref, context.Cause(ctx))
	}
	faults = slices.DeleteFunc(faults, func(err error) bool { return err == nil })
	for i, err := range faults {
		faults[i] = fmt.Errorf("proving %s: %w", b.Version.Ref, err)
	}
	return errors.Join(faults...)
}

type prover struct {
	base  *Base
	known *shape.Definitions // of custom kinds
	*sampler
	axes    []axis
	usual   map[string]string    // ordinary parameters
	coupled [][2]int             // pairs of axes that some object gets both of
	judged  map[string]judgement // documents, by their text
	guilty  map[string]bool      // axes that a fault was found for
	fit     []choice             // what some overlay has held together already
	told    map[[2]int]bool      // pairs of axes that a fault was found for
	others  []*shape.Object      // that share the namespace
	before  map[identity]object  // what parameters are written to
	lost    []error              // references of an ordinary overlay, which every other has too
}

// unproven refuses parameters of which no legal value is known.
func (p *prover) unproven() []error {
	var faults []error
	for _, a := range p.axes {
		if a.unproven {
			faults = append(faults, fault.Hintf("give it a default, or examples: [...] with a legal value or more", "%s: nothing that was tried is legal, so it cannot be proven", a))
		}
	}
	return faults
}

// links checks the version's objects among each other and with those around;
// typed says that each has the fields of its type.
func (p *prover) links() (faults []error, typed bool) {
	mine, faults := shapes(p.base)
	if len(faults) > 0 {
		return faults, false
	}
	p.lost = shape.Links(mine, append(p.others, p.given(p.usual)))
	return p.lost, true
}

// around takes note of the parts that share the namespace.
func (p *prover) around(around []*Base) {
	for _, b := range around {
		objects, _ := shapes(b) // its own proof tells its faults
		p.others = append(p.others, objects...)
	}
}

// given stands for what tenants name in parameters: their own Secrets.
func (p *prover) given(parameters map[string]string) *shape.Object {
	var secrets []string
	for _, name := range p.base.Version.Secrets() {
		secrets = append(secrets, "Secret/"+parameters[name])
	}
	o := &shape.Object{}
	o.Annotations = map[string]string{shape.Provides: strings.Join(secrets, ",")}
	return o
}

// shapes decodes the objects of an ordinary active overlay.
func shapes(b *Base) ([]*shape.Object, []error) {
	var out []*shape.Object
	var faults []error
	for _, o := range b.active {
		s, err := shaped(o)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, s)
	}
	return out, faults
}

// shaped decodes an object into its type.
func shaped(o object) (*shape.Object, error) {
	text, err := json.Marshal(o.fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	return shape.Decode(text)
}

// state proves the overlays of one state. Outside of the active state values
// go to the same fields, so that ordinary ones and the first extremes do.
func (p *prover) state(ctx context.Context, state string) []error {
	n := rounds(p.axes)
	if state != manifest.ActiveDir {
		n = min(n, 3)
	}
	if err := p.round(ctx, state, maps.Clone(p.usual)); err != nil {
		return []error{fmt.Errorf("state %q: %w", state, err)}
	}
	var faults []error
	for round := 1; round < n && len(faults) < maxFaults && ctx.Err() == nil; round++ {
		if !p.accepted(p.at(round)) {
			faults = append(faults, p.blame(ctx, state, round, nil)...)
		} else if err := p.round(ctx, state, values(p.axes, round)); err != nil {
			faults = append(faults, p.blame(ctx, state, round, err)...)
		} else if state == manifest.ActiveDir {
			p.fit = append(p.fit, p.at(round))
		}
	}
	if state == manifest.ActiveDir && len(faults) < maxFaults {
		faults = append(faults, p.pairs(ctx)...)
	}
	return faults
}

// blame finds the parameters whose value alone breaks a round; together is what
// is wrong with all of them at once, nil if they are not legal together.
func (p *prover) blame(ctx context.Context, state string, round int, together error) []error {
	var faults []error
	known := false
	for _, a := range p.axes {
		if a.at(round) == 0 {
			continue
		}
		one := maps.Clone(p.usual)
		one[a.name] = a.values[a.at(round)]
		err := p.round(ctx, state, one)
		switch {
		case err == nil:
		case p.guilty[a.name]:
			known = true
		default:
			p.guilty[a.name] = true
			hint := "bound the parameter's schema (type, enum, pattern, minimum, maximum, maxLength) to what the field takes, or write it elsewhere"
			if !a.own {
				hint = "write it to a field that takes every such value, an annotation or an environment variable for one"
			}
			faults = append(faults, fault.Hintf(hint, "%s may be %s: %w", a, fault.Clip(one[a.name]), err))
		}
	}
	if len(faults) > 0 || known || together == nil {
		return faults
	}
	if faults, known = p.unfit(ctx, p.met(p.at(round))); known {
		return faults
	}
	return []error{fmt.Errorf("state %q: parameters together: %w", state, together)}
}

// round builds one overlay and returns the first thing that is wrong with it.
func (p *prover) round(ctx context.Context, state string, given map[string]string) error {
	documents, err := p.sample(ctx, p.base, state, given)
	if err != nil {
		return err
	}
	var all []*shape.Object
	for _, d := range documents {
		j := p.judge(d)
		if j.err != nil {
			return j.err
		}
		all = append(all, j.shape)
		if was, ok := p.before[d.object.identity()]; ok && state == manifest.ActiveDir {
			c := comparison{object: d.object, given: given, custom: j.shape.Typed == nil}
			if err := c.fields(nil, was.fields, d.object.fields); err != nil {
				return err
			}
		}
	}
	if state != manifest.ActiveDir {
		return nil
	}
	if faults := shape.Links(all, append(p.others, p.given(given))); len(faults) > 0 && len(p.lost) == 0 {
		return faults[0]
	}
	return nil
}

// judgement is what is to say of an object by itself.
type judgement struct {
	shape *shape.Object
	err   error
}

// judge checks an object by itself, each document once.
func (p *prover) judge(d document) judgement {
	j, known := p.judged[d.text]
	if !known {
		j.shape, j.err = p.sound(d.object)
		p.judged[d.text] = j
	}
	return j
}

// sound decodes an object and returns the first thing that is wrong with it.
func (p *prover) sound(o object) (*shape.Object, error) {
	s, err := shaped(o)
	if err != nil {
		return nil, err
	}
	if faults := shape.Check(s); len(faults) > 0 {
		return nil, faults[0]
	}
	if err := p.known.Check(o.fields); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	return s, fits(o, s)
}

// maxApplied is the size that client-side apply keeps of an object in its
// annotation.
const maxApplied = 262144

// fits refuses what client-side apply cannot carry.
func fits(o object, s *shape.Object) error {
	options, _ := at(o.fields, "metadata", "annotations")[manifest.AnnotationSyncOptions].(string)
	if s.Bytes <= maxApplied || slices.Contains(strings.Split(options, ","), "ServerSideApply=true") {
		return nil
	}
	return fault.Hintf("annotate it with "+manifest.AnnotationSyncOptions+": ServerSideApply=true, or split it",
		"%s has %d bytes, and client-side apply keeps at most %d in an annotation", o, s.Bytes, maxApplied)
}
