package authz

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// EncodeTenant returns the value of the tenant's own record. It fails for a
// tenant that DecodeTenant would refuse: what is written can be read.
func EncodeTenant(t Tenant) ([]byte, error) {
	value, err := marshal(t)
	if err != nil {
		return nil, err
	}
	if _, err := DecodeTenant(Key{Tenant: t.ID}, value); err != nil {
		return nil, err
	}
	return value, nil
}

// EncodeAuthorisation returns the value of the record of the tenant's
// authorisation. It fails for one that DecodeAuthorisation would refuse.
func EncodeAuthorisation(id ident.Tenant, a Authorisation) ([]byte, error) {
	value, err := marshal(a)
	if err != nil {
		return nil, err
	}
	if _, err := DecodeAuthorisation(Key{Tenant: id, Product: a.Product}, value); err != nil {
		return nil, err
	}
	return value, nil
}

// marshal writes v as JSON for people: no HTML escapes, keys sorted.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding record: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
