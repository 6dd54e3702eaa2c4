// Package wanted reads which version of a product people want, written swg=203.
package wanted

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Version is a version of a product.
type Version struct {
	Product ident.Product
	Version ident.Version
}

// String returns it as people write it.
func (v Version) String() string { return v.Product.String() + "=" + v.Version.String() }

// Parse reads what people wrote.
func Parse(s string) (Version, error) {
	product, version, _ := strings.Cut(s, "=")
	p, err1 := ident.Parse[ident.ProductKind](product)
	v, err2 := ident.Parse[ident.VersionKind](version)
	if err1 != nil || err2 != nil {
		return Version{}, fault.Hintf("write it as swg=203", "reading %s: it is no product and version", fault.Clip(s))
	}
	return Version{p, v}, nil
}
