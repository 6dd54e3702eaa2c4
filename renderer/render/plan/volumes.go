package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// Volumes are what the claims of a product have: sizes by the parameter that
// gives them, and the class.
type Volumes struct {
	Sizes        map[string]string
	StorageClass string
}

// Add takes an overlay's parameter in if it is about volumes: the largest size,
// the first class. It keeps nothing of what value is part of. What is no size and no class, which Git may hold, is passed over.
func (v *Volumes) Add(name, value string, sizes []string) {
	switch {
	case name == "storageClass" && v.StorageClass == "" && ident.IsDNSName(value):
		v.StorageClass = strings.Clone(value)
	case !slices.Contains(sizes, name):
	case v.Sizes == nil && Larger(value, ""):
		v.Sizes = map[string]string{strings.Clone(name): strings.Clone(value)}
	case Larger(value, v.Sizes[name]):
		v.Sizes[strings.Clone(name)] = strings.Clone(value)
	}
}

// Keep takes in the claims that a product left behind.
func (v *Volumes) Keep(k authz.KeptClaims) {
	v.Add("storageClass", k.StorageClass, nil)
	for name, size := range k.Sizes {
		v.Add(name, size, []string{name})
	}
}

// Larger reports whether a is a size, and larger than b or b is none.
func Larger(a, b string) bool {
	if a == b {
		return false
	}
	mine, err := quantity.Storage(a)
	if err != nil || b == "" {
		return err == nil
	}
	theirs, other := quantity.Storage(b)
	return other != nil || mine.Cmp(theirs) > 0
}

// HasClaims says whether some version in play has claims, and by which
// parameters they are sized.
func (p Product) HasClaims() (sizes []string, has bool) {
	for _, v := range p.Versions {
		has = has || v.Base.HasClaims
		sizes = append(sizes, v.Base.Sizes...)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), has
}

// Hold gives the product's claims at least the sizes that they have, and the
// class that is there: Kubernetes would refuse anything else. A ShrinkFrom of
// exactly the size that is there lets it shrink, and take the environment's
// class: the volumes were replaced. It returns what the product asked less for.
func (p *Product) Hold(has Volumes) []error {
	replaced := slices.ContainsFunc(slices.Collect(maps.Values(has.Sizes)), p.lifted)
	if has.StorageClass != "" && !replaced {
		p.StorageClass = has.StorageClass
	}
	var held []error
	for i, v := range p.Versions {
		for _, name := range v.Base.Sizes {
			there, wanted := has.Sizes[name], p.Versions[i].Parameters[name]
			if name == "storage" {
				wanted = p.Storage
			}
			if !Larger(there, wanted) || p.lifted(there) {
				continue
			}
			if name == "storage" {
				p.Storage = there
			} else {
				p.Versions[i].Parameters = maps.Clone(p.Versions[i].Parameters)
				p.Versions[i].Parameters[name] = there
			}
			if i == 0 || name == "storage" {
				held = append(held, fault.Hintf("ask for "+there+" or more; when smaller volumes were put in their place by hand, put the size again with --shrink-from "+there,
					"%s %q is less than the %q that its volumes have and keep", name, wanted, there))
			}
		}
	}
	return held
}

// lifted reports whether a person lets volumes of a size shrink.
func (p *Product) lifted(there string) bool {
	return p.ShrinkFrom != "" && !Larger(there, p.ShrinkFrom) && !Larger(p.ShrinkFrom, there)
}
