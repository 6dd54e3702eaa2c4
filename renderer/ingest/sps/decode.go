package sps

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// Entry is a document of which only the head was read: whose it is, and which
// revision. In a list most are of a revision that is known already.
type Entry struct {
	ID       ident.Tenant // zero when it cannot be read
	Revision int64

	mapping Mapping
	fields  map[string]json.RawMessage
	err     error
}

// Document decodes the rest. What is wrong is in the document's Err.
func (e Entry) Document() Document {
	d := Document{ID: e.ID, Revision: e.Revision, Err: e.err}
	if d.Err == nil {
		d.Err = e.decode(&d)
	}
	if d.Err != nil {
		d.Tenant = authz.Tenant{}
		if !d.ID.IsZero() {
			d.Err = fmt.Errorf("tenant %q of SPS: %w", d.ID, d.Err)
		}
	}
	return d
}

// Entry reads the head of what SPS says of one tenant.
func (m Mapping) Entry(raw []byte) Entry {
	e := Entry{mapping: m}
	e.err = e.head(raw)
	return e
}

func (e *Entry) head(raw []byte) (err error) {
	if len(raw) > MaxTenant {
		e.ID = e.mapping.owner(raw)
		return bad("document of %d bytes: at most %d are allowed", len(raw), MaxTenant)
	}
	if e.fields, err = object(raw, tenantFields, e.mapping.Tenant, e.mapping.Ignore.Tenant); err != nil {
		e.ID = e.mapping.owner(raw)
		return err
	}
	if err := text(e.fields, "tenantId", &e.ID); err != nil {
		return err
	}
	e.Revision, err = number(e.fields, "revision")
	return err
}

// decode passes the fields through the gates of etcd's records.
func (e Entry) decode(d *Document) error {
	fields := maps.Clone(e.fields)
	delete(fields, "revision")
	if err := e.mapping.authorisations(fields); err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]any{"tenants": []any{fields}})
	if err != nil {
		return err
	}
	tenants, err := authz.DecodeFile(raw)
	if err != nil {
		return first(err)
	}
	d.Tenant = tenants[0]
	slices.SortFunc(d.Tenant.Authorisations, func(a, b authz.Authorisation) int { return a.Product.Compare(b.Product) })
	canonical, err := json.Marshal(authz.FileOf([]authz.Tenant{d.Tenant}))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(canonical)
	d.Digest = hex.EncodeToString(sum[:16])
	return nil
}

// owner tries to tell whose a document is that is otherwise unusable. One that
// names two is nobody's.
func (m Mapping) owner(raw []byte) (id ident.Tenant) {
	name, times := cmp.Or(m.Tenant["tenantId"], "tenantId"), 0
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return ident.Tenant{}
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			break
		}
		if key == name {
			times++
			_ = json.Unmarshal(value, &id) // a bad id leaves it zero
		}
	}
	if times != 1 {
		return ident.Tenant{}
	}
	return id
}

// authorisations brings the authorisations to the contract's names.
func (m Mapping) authorisations(fields map[string]json.RawMessage) error {
	raw, ok := fields["authorisations"]
	if !ok {
		return bad("authorisations: is missing; nothing bought is an empty list")
	}
	var theirs, ours []json.RawMessage
	if err := strict.JSON(raw, len(raw), &theirs); err != nil {
		return fmt.Errorf("authorisations: %w", err)
	}
	if theirs == nil {
		return bad("authorisations: is null; nothing bought is an empty list")
	}
	if len(theirs) > MaxProducts {
		return bad("authorisations: %d entries, at most %d are allowed", len(theirs), MaxProducts)
	}
	for i, one := range theirs {
		mapped, err := object(one, authorisationFields, m.Authorisation, m.Ignore.Authorisation)
		if err == nil {
			err = m.product(mapped)
		}
		if err == nil {
			err = m.limits(mapped)
		}
		if err != nil {
			return fmt.Errorf("authorisations[%d]: %w", i, err)
		}
		again, err := json.Marshal(mapped)
		if err != nil {
			return fmt.Errorf("authorisations[%d]: %w", i, err)
		}
		ours = append(ours, again)
	}
	again, err := json.Marshal(ours)
	fields["authorisations"] = again
	return err
}

// product translates the name of a product.
func (m Mapping) product(fields map[string]json.RawMessage) error {
	if len(m.Products) == 0 {
		return nil
	}
	var theirs string
	if err := json.Unmarshal(fields["product"], &theirs); err != nil {
		return bad("product: is no text")
	}
	ours, ok := m.Products[theirs]
	if !ok {
		return fault.Hintf("add it to products of --sps-mapping", "product %s: is in no mapping", fault.Clip(theirs))
	}
	fields["product"], _ = json.Marshal(ours) // a checked name
	return nil
}

// limits brings the limits to the contract's names.
func (m Mapping) limits(fields map[string]json.RawMessage) error {
	raw, ok := fields["limits"]
	if !ok {
		return nil
	}
	mapped, err := object(raw, limitsFields, m.Limits, m.Ignore.Limits)
	if err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	fields["limits"], err = json.Marshal(mapped)
	return err
}

// first returns the first of joined errors; a document is refused as a whole.
func first(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // only the outermost join counts
		if all := joined.Unwrap(); len(all) > 0 {
			return all[0]
		}
	}
	return err
}

// text decodes a field that must be there.
func text(fields map[string]json.RawMessage, name string, out any) error {
	raw, ok := fields[name]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return bad("%s: is missing", name)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		if hint := fault.HintOf(err); hint != "" {
			return fault.Hintf(hint, "%s: %w", name, err)
		}
		return bad("%s %s: is no text", name, fault.Clip(string(raw)))
	}
	return nil
}

// number decodes a count that may be missing, which is zero.
func number(fields map[string]json.RawMessage, name string) (int64, error) {
	raw, ok := fields[name]
	if !ok {
		return 0, nil
	}
	var n int64
	if err := json.Unmarshal(raw, &n); err != nil || n < 0 || bytes.Equal(raw, []byte("null")) {
		return 0, bad("%s %s: is no whole number", name, fault.Clip(string(raw)))
	}
	return n, nil
}

// ReadNotice decodes the body of a notice and returns whom it is about.
func (m Mapping) ReadNotice(raw []byte) (ident.Tenant, error) {
	var id ident.Tenant
	fields, err := object(raw, noticeFields, m.Notice, m.Ignore.Notice)
	if err == nil {
		err = text(fields, "tenantId", &id)
	}
	if err != nil {
		return ident.Tenant{}, fmt.Errorf("reading a notice: %w", err)
	}
	return id, nil
}
