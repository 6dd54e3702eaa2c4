package authz

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// DefaultPrefix is where the records are unless an environment says otherwise.
const DefaultPrefix = "/tenant/info"

// rightsSegment stands between a tenant's id and a product in a key.
const rightsSegment = "rs"

// Key is what a record's etcd key names: a tenant, or one of its products.
// Keys are comparable and may be map keys.
type Key struct {
	Tenant  ident.Tenant
	Product ident.Product // zero names the tenant's own record
}

// String returns the key as people write it: 1000006 or 1000006/swg.
func (k Key) String() string {
	if k.Product.IsZero() {
		return k.Tenant.String()
	}
	return k.Tenant.String() + "/" + k.Product.String()
}

// FormatKey returns the etcd key of k below prefix; ParseKey is its inverse.
func FormatKey(prefix string, k Key) string {
	s := prefix + "/" + k.Tenant.String()
	if !k.Product.IsZero() {
		s += "/" + rightsSegment + "/" + k.Product.String()
	}
	return s
}

// ParseKey is the gate for keys: it returns what the etcd key below prefix
// names, and an error with a hint if the key has another form or a name in it
// is not valid. It fails for every key that FormatKey would not write.
func ParseKey(prefix, key string) (Key, error) {
	rest, ok := strings.CutPrefix(key, prefix+"/")
	if !ok {
		return Key{}, fault.Hintf(fmt.Sprintf("records live below %q", prefix+"/"), "key is outside the prefix")
	}
	id, rights, isRight := strings.Cut(rest, "/")
	tenant, err := ident.Parse[ident.TenantKind](id)
	if err != nil {
		return Key{}, err
	}
	if !isRight {
		return Key{Tenant: tenant}, nil
	}
	name, ok := strings.CutPrefix(rights, rightsSegment+"/")
	if !ok {
		return Key{}, fault.Hintf("a record's key is <prefix>/<tenant> or <prefix>/<tenant>/rs/<product>",
			"key continues after the tenant with %s", fault.Clip(rights))
	}
	product, err := ident.Parse[ident.ProductKind](name)
	if err != nil {
		return Key{}, err
	}
	return Key{Tenant: tenant, Product: product}, nil
}

// ParsePrefix checks a prefix from a flag or a file and returns it without a
// slash at its end.
func ParsePrefix(s string) (string, error) {
	p := strings.TrimRight(s, "/")
	switch {
	case s == "":
		return DefaultPrefix, nil
	case p == "" || p[0] != '/':
		return "", fault.Hintf("use an absolute path such as "+DefaultPrefix, "etcd prefix %s does not begin with a name after a slash", fault.Clip(s))
	case len(p) > 256 || checkText(p) != nil || strings.Contains(p, "//"):
		return "", fault.Hintf("use at most 256 printable bytes such as "+DefaultPrefix, "etcd prefix %s is not usable", fault.Clip(s))
	}
	return p, nil
}

// short bounds the length of a word that is plain ASCII already.
func short(s string) string { return s[:min(len(s), 48)] }

// Apart returns the etcd prefix that was asked for something else than the
// records below records. One at, above or below them is refused: what is
// written there would be read as an authorisation, or mixed with them; the hint
// names another.
func Apart(asked, records, another string) (string, error) {
	prefix, err := ParsePrefix(asked)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(prefix+"/", records+"/") || strings.HasPrefix(records+"/", prefix+"/") {
		return "", fault.Hintf("use one beside them, such as "+another, "prefix %q: is at, above or below the authorisations' own, %q", prefix, records)
	}
	return prefix, nil
}
