package edit

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Pin keeps a tenant's product at a version.
type Pin struct {
	Tenant  ident.Tenant
	Product ident.Product
	Version ident.Version
	Reason  string
}

// Pinned returns the text of a fleet.yaml with a pin. One that the tenant's
// product has already gets the version and the reason.
func Pinned(fleet []byte, p Pin) ([]byte, error) {
	doc, err := read(fleet)
	if err != nil {
		return nil, fmt.Errorf("editing fleet.yaml: %w", err)
	}
	pins, _ := doc.means["pins"].([]any)
	for i, pin := range pins {
		if field(pin, "tenant") != p.Tenant.String() || field(pin, "product") != p.Product.String() {
			continue
		}
		if field(pin, "version") == p.Version.String() {
			return fleet, nil
		}
		if fleet, err = replaced(fleet, i, "version", p.Version.String()); err == nil {
			fleet, err = replaced(fleet, i, "reason", p.Reason)
		}
		if err != nil {
			return nil, fmt.Errorf("editing fleet.yaml: pins[%d]: %w", i, err)
		}
		return fleet, nil
	}
	return Append(fleet, "pins", Field{"tenant", p.Tenant.String()}, Field{"product", p.Product.String()},
		Field{"version", p.Version.String()}, Field{"reason", p.Reason})
}

// replaced returns the text with a field of a pin replaced.
func replaced(fleet []byte, pin int, key, value string) ([]byte, error) {
	doc, err := read(fleet)
	if err != nil {
		return nil, err
	}
	pins, _ := doc.means["pins"].([]any)
	m, ok := pins[pin].(map[string]any)
	if !ok {
		return nil, unknown()
	}
	m[key] = value
	return doc.replace(child(doc.node("pins", pin), key), value)
}
