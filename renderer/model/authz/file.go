package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// File is the form of tenants in files: what an import reads and a list in
// YAML or JSON writes. The fields are those of the records in etcd, with a
// tenant's authorisations inside it.
type File struct {
	Tenants []FileTenant `json:"tenants"`
}

// FileTenant is a tenant in a File.
type FileTenant struct {
	Tenant
	Authorisations []Authorisation `json:"authorisations,omitempty"`
}

// FileOf returns the file that holds the tenants.
func FileOf(tenants []Tenant) File {
	f := File{Tenants: make([]FileTenant, len(tenants))}
	for i, t := range tenants {
		f.Tenants[i] = FileTenant{t, t.Authorisations}
	}
	return f
}

// MaxFile is the most bytes that a File may have; 100,000 tenants with four
// products have 70 MB.
const MaxFile = 256 << 20

// rawFile and rawTenant leave inner records undecoded, so that each can have
// its own faults. What a list says of records that it could not read is passed
// over.
type rawFile struct {
	Tenants    []json.RawMessage `json:"tenants"`
	Unreadable json.RawMessage   `json:"unreadable"`
}

type rawTenant struct {
	TenantID       string            `json:"tenantId"`
	TenantName     string            `json:"tenantName"`
	TenantCode     string            `json:"tenantCode"`
	Labels         map[string]string `json:"labels"`
	Authorisations []json.RawMessage `json:"authorisations"`
}

// DecodeFile reads a File in YAML or JSON through the gates of etcd's records.
// The error joins every fault, each with its place and a hint; tenants are
// returned only if there is none.
func DecodeFile(data []byte) ([]Tenant, error) {
	decode := strict.YAML
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		decode = strict.JSON
	}
	var raw rawFile
	if err := decode(data, MaxFile, &raw); err != nil {
		return nil, err
	}
	if len(raw.Tenants) == 0 {
		return nil, fault.Hintf("list them under `tenants:`", "the file holds no tenants")
	}
	tenants := make([]Tenant, 0, len(raw.Tenants))
	seen := map[ident.Tenant]int{}
	var faults []error
	for i, r := range raw.Tenants {
		place := fmt.Sprintf("tenants[%d]", i)
		t, bad := decodeFileTenant(place, r)
		faults = append(faults, bad...)
		if t.ID.IsZero() {
			continue
		}
		if first, twice := seen[t.ID]; twice {
			faults = append(faults, fault.Hintf("list each tenant once", "%s: tenant %q is tenants[%d] already", place, t.ID, first))
		} else {
			seen[t.ID] = i
		}
		tenants = append(tenants, t)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return tenants, nil
}

// decodeFileTenant returns the tenant with its good authorisations and every
// fault. The tenant's id is zero if it is bad.
func decodeFileTenant(place string, raw []byte) (Tenant, []error) {
	var r rawTenant
	if err := unmarshal(raw, MaxFile, &r); err != nil {
		return Tenant{}, []error{at(place, err)}
	}
	id, err := ident.Parse[ident.TenantKind](r.TenantID)
	if err != nil {
		return Tenant{}, []error{at(place, err)}
	}
	place = fmt.Sprintf("%s %q", place, id)
	var faults []error
	own := tenantRecord{r.TenantID, r.TenantName, r.TenantCode, r.Labels}
	t, err := own.check(Key{Tenant: id})
	if err != nil {
		t.ID = id
		faults = append(faults, at(place, err))
	}
	for i, value := range r.Authorisations {
		a, err := decodeFileAuthorisation(t, value)
		if err != nil {
			faults = append(faults, at(fmt.Sprintf("%s: authorisations[%d]", place, i), err))
			continue
		}
		t.Authorisations = append(t.Authorisations, a)
	}
	return t, faults
}

func at(place string, err error) error { return fmt.Errorf("%s: %w", place, err) }

// decodeFileAuthorisation decodes an authorisation of t, which names its
// product itself. What a list says of its status is passed over, as kubectl
// apply does: it is not for people to write.
func decodeFileAuthorisation(t Tenant, value []byte) (Authorisation, error) {
	var listed struct {
		authorisationRecord
		Status json.RawMessage `json:"status"`
	}
	if err := unmarshal(value, MaxRecord, &listed); err != nil {
		return Authorisation{}, err
	}
	d := decoder{record: listed.authorisationRecord}
	product, err := ident.Parse[ident.ProductKind](d.record.Product)
	if err != nil {
		return Authorisation{}, err
	}
	for _, other := range t.Authorisations {
		if other.Product == product {
			return Authorisation{}, fault.Hintf("list each product of a tenant once", "product %q: is listed twice", product)
		}
	}
	a, err := d.check(Key{Tenant: t.ID, Product: product})
	if err != nil {
		return Authorisation{}, fmt.Errorf("%q: %w", product, err)
	}
	return a, nil
}
