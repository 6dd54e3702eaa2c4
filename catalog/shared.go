package catalog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// resolve checks what versions say about each other, drops those that refer to
// what is not there, and refuses shared components that wait for each other.
func (c *Catalog) resolve(f faults) {
	for _, v := range c.All() {
		for _, err := range c.checkReferences(v) {
			f.add(v.Ref.String(), fmt.Errorf("%s/%s: %w", v.Ref, v.Ref.DescriptionFile(), err))
			delete(c.versions, v.Ref)
		}
	}
	c.checkSharing(f)
	c.checkHealths(f)
	c.dropDependents()
	for _, sharing := range []Sharing{SharingEnvironment, SharingTenant} {
		for _, err := range c.order(sharing) {
			f.add(sharedDir, fmt.Errorf("%s: %w", sharedDir, err))
		}
	}
}

// checkReferences checks v's references to shared components.
func (c *Catalog) checkReferences(v *Version) []error {
	var out []error
	for _, r := range v.Requires() {
		target := r.ref()
		found, good := c.versions[target]
		_, there := c.digests[target]
		switch {
		case !good && there:
			out = append(out, fault.Hintf("mend that version first", "component %q refers to %s, which has faults", r.Name, target))
		case !good:
			_, err := c.lookup(target)
			out = append(out, fmt.Errorf("component %q refers to what is not there: %w", r.Name, err))
		case found.Sharing != r.Sharing:
			out = append(out, fault.Hintf(fmt.Sprintf("write sharing: %s", found.Sharing),
				"component %q: sharing %q is not that of %s, %q", r.Name, r.Sharing, target, found.Sharing))
		case v.Ref.Shared && reach(r.Sharing) < reach(v.Sharing):
			out = append(out, fault.Hintf("share both alike, or turn the dependency round",
				"component %q: %s serves the whole %s and depends on %s, which serves fewer", r.Name, v.Ref, v.Sharing, target))
		}
	}
	return out
}

// checkSharing refuses a shared component whose versions serve different
// circles: a tenant would have it twice, or lose it.
func (c *Catalog) checkSharing(f faults) {
	first := map[string]*Version{}
	for _, v := range c.All() {
		if !v.Ref.Shared {
			continue
		}
		if o, ok := first[v.Name]; ok && o.Sharing != v.Sharing {
			f.add(v.Ref.String(), fault.Hintf("publish it under another name",
				"%s/%s: sharing %q differs from %q of version %q", v.Ref, componentFile, v.Sharing, o.Sharing, o.Version))
			delete(c.versions, v.Ref)
			continue
		}
		first[v.Name] = v
	}
}

// dropDependents removes versions that refer to a version that was removed.
func (c *Catalog) dropDependents() {
	for again := true; again; {
		again = false
		maps.DeleteFunc(c.versions, func(_ Ref, v *Version) bool {
			gone := slices.ContainsFunc(v.Requires(), func(r Component) bool { return c.versions[r.ref()] == nil })
			again = again || gone
			return gone
		})
	}
}

// order puts the shared components of one sharing into buckets and refuses
// cycles among them, over all their versions: any of them may be in play
// together.
func (c *Catalog) order(sharing Sharing) []error {
	needs := map[string][]string{}
	for _, v := range c.All() {
		if v.Sharing != sharing {
			continue
		}
		deps := needs[v.Name]
		for _, r := range v.Requires() {
			if r.Sharing == sharing {
				deps = append(deps, r.Name.String())
			}
		}
		needs[v.Name] = deps
	}
	var nodes []node
	for name, deps := range needs {
		nodes = append(nodes, node{name: name, dependsOn: deps})
	}
	ordered, faults := buckets(nodes)
	for bucket, names := range ordered {
		for _, name := range names {
			c.shared[name] = bucket
		}
	}
	if len(faults) > 0 { // nothing of this sharing has an order, so nothing may be used
		maps.DeleteFunc(c.versions, func(_ Ref, v *Version) bool { return v.Sharing == sharing })
		c.dropDependents()
	}
	return faults
}
