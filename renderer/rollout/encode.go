package rollout

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// File is the name of the file below an environment's folder that holds its
// Rollouts. It belongs to the engine; people never edit it.
const File = manifest.RolloutsFile

// Kind is the kind of that file.
const Kind = "Rollouts"

const header = "# Written by sluice: what each ring may run, and what was proven. Change fleet.yaml instead.\n" +
	"apiVersion: " + manifest.APIVersion + "\nkind: " + Kind + "\n"

// Encode returns the sealed rollouts.yaml: rings and products by name, one
// line for a lane at rest, so that a grant changes few lines.
func (r Rollouts) Encode() []byte {
	b := []byte(header)
	if len(r.Shared) > 0 {
		b = append(b, "shared:\n"...)
	}
	for _, c := range slices.SortedFunc(maps.Keys(r.Shared), ident.Component.Compare) {
		s := r.Shared[c]
		b = append(b, "  "+quote(c)+": {at: "+quote(s.At)...)
		if !s.Good.IsZero() {
			b = append(b, ", good: "+quote(s.Good)...)
		}
		b = append(b, "}\n"...)
	}
	if len(r.Failed) > 0 {
		b = append(b, "failed:\n"...)
	}
	for _, f := range r.Failed {
		b = append(b, "- {product: "+quote(f.Product)+", version: "+quote(f.Version)+", ring: "+quote(f.Ring)+", reason: "+manifest.Quote(f.Reason)...)
		if f.Lifted {
			b = append(b, ", lifted: true"...)
		}
		b = append(b, "}\n"...)
	}
	keys := slices.SortedFunc(maps.Keys(r.Lanes), Key.compare)
	for i, k := range keys {
		if i == 0 {
			b = append(b, "rings:\n"...)
		}
		if i == 0 || keys[i-1].Ring != k.Ring {
			b = append(b, "- name: "+quote(k.Ring)+"\n  products:\n"...)
		}
		b = append(b, "    "+quote(k.Product)+":"...)
		b = r.Lanes[k].append(b)
	}
	return manifest.Seal(b)
}

func (k Key) compare(o Key) int {
	if c := k.Ring.Compare(o.Ring); c != 0 {
		return c
	}
	return k.Product.Compare(o.Product)
}

// append writes a lane after its product's name.
func (l Lane) append(b []byte) []byte {
	base := l.At[len(l.At)-1].Version
	if l.single() && l.Since.IsZero() && l.Sick == 0 && l.Approved.IsZero() && len(l.Stragglers) == 0 {
		b = append(b, " {at: "+quote(base)...)
		if len(l.Good) > 0 {
			b = append(b, ", good: "+list(l.Good)...)
		}
		if len(l.Left) > 0 {
			b = append(b, ", left: "+list(l.Left)...)
		}
		return append(b, "}\n"...)
	}
	line := func(key, value string) { b = append(b, "      "+key+": "+value+"\n"...) }
	b = append(b, '\n')
	line("at", quote(base))
	if !l.single() {
		var ahead []string
		for _, s := range l.At[:len(l.At)-1] {
			ahead = append(ahead, "{to: \""+frontier(s.To)+"\", version: "+quote(s.Version)+"}")
		}
		line("ahead", "["+strings.Join(ahead, ", ")+"]")
	}
	if len(l.Good) > 0 {
		line("good", list(l.Good))
	}
	if len(l.Left) > 0 {
		line("left", list(l.Left))
	}
	if !l.Since.IsZero() {
		line("since", manifest.Quote(l.Since.UTC().Format(time.RFC3339)))
	}
	if l.Sick > 0 {
		line("sick", strconv.Itoa(l.Sick))
	}
	if !l.Approved.IsZero() {
		line("approved", quote(l.Approved))
	}
	return l.appendStragglers(b)
}

func (l Lane) appendStragglers(b []byte) []byte {
	if len(l.Stragglers) == 0 {
		return b
	}
	at := map[ident.Version][]ident.Tenant{}
	for t, v := range l.Stragglers {
		at[v] = append(at[v], t)
	}
	b = append(b, "      stragglers:\n"...)
	for _, v := range slices.SortedFunc(maps.Keys(at), ident.Version.Compare) {
		slices.SortFunc(at[v], ident.Tenant.Compare)
		b = append(b, "        "+quote(v)+": "+list(at[v])+"\n"...)
	}
	return b
}

func quote[K ident.Kind](n ident.Name[K]) string { return manifest.Quote(n.String()) }

func list[K ident.Kind](names []ident.Name[K]) string {
	quoted := make([]string, 0, len(names))
	for _, n := range names {
		quoted = append(quoted, quote(n))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// frontier writes a place as the hexadecimal digits of a fraction of the ring:
// "8" is the half. Slices end at four digits or fewer.
func frontier(to uint64) string {
	digits := strconv.FormatUint(End+to, 16)[1:]
	return strings.TrimRight(digits, "0")
}
