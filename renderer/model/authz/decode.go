package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	kjson "sigs.k8s.io/json"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// tenantRecord is a tenant's value in etcd, before any check.
type tenantRecord struct {
	TenantID   string            `json:"tenantId"`
	TenantName string            `json:"tenantName"`
	TenantCode string            `json:"tenantCode"`
	Labels     map[string]string `json:"labels"`
}

// authorisationRecord is an authorisation's value in etcd, before any check.
// Counts are untyped so that an error can show what was there.
type authorisationRecord struct {
	Product     string         `json:"product"`
	Version     string         `json:"version"`
	Replicas    any            `json:"replicas"`
	MaxReplicas any            `json:"maxReplicas"`
	Limits      limitsRecord   `json:"limits"`
	Storage     string         `json:"storage"`
	ShrinkFrom  string         `json:"shrinkFrom"`
	Parameters  map[string]any `json:"parameters"`
	StartTime   string         `json:"startTime"`
	EndTime     string         `json:"endTime"`
	Description string         `json:"description"`
}

// DecodeTenant reads the value of a tenant's own record. The error says which
// field is wrong and what it holds, and carries a hint.
func DecodeTenant(key Key, value []byte) (Tenant, error) {
	var r tenantRecord
	if err := unmarshal(value, MaxRecord, &r); err != nil {
		return Tenant{}, err
	}
	return r.check(key)
}

// DecodeAuthorisation reads the value of an authorisation's record. The error
// says which field is wrong and what it holds, and carries a hint.
func DecodeAuthorisation(key Key, value []byte) (Authorisation, error) {
	return (&decoder{}).authorisation(key, value)
}

// decoder keeps one copy of the values that repeat from record to record: a
// fleet of 100,000 tenants has a handful of versions and sizes. Its zero value
// decodes without sharing.
type decoder struct {
	record   authorisationRecord
	versions map[string]ident.Version
	storages map[string]string
}

// maxShared bounds what hostile records can make the decoder remember.
const maxShared = 4096

func newDecoder() *decoder {
	return &decoder{versions: map[string]ident.Version{}, storages: map[string]string{}}
}

func (d *decoder) authorisation(key Key, value []byte) (Authorisation, error) {
	d.record = authorisationRecord{}
	if err := unmarshal(value, MaxRecord, &d.record); err != nil {
		return Authorisation{}, err
	}
	return d.check(key)
}

// unmarshal decodes one JSON object of at most max bytes strictly: names are case-sensitive,
// unknown and duplicate fields and bytes that are not UTF-8 are errors.
func unmarshal(value []byte, max int, record any) error {
	const hint = "write the record again, e.g. with `sluice authz put`"
	switch {
	case len(value) > max:
		return fault.Hintf(hint, "record has %d bytes, at most %d are allowed", len(value), max)
	case len(bytes.TrimSpace(value)) == 0:
		return fault.Hintf(hint, "record is empty")
	case bytes.Equal(bytes.TrimSpace(value), []byte("null")):
		return fault.Hintf(hint, "record is null")
	case !utf8.Valid(value):
		return fault.Hintf(hint, "record is not valid UTF-8")
	}
	lax, err := kjson.UnmarshalStrict(value, record)
	if err == nil && len(lax) == 0 {
		return nil
	}
	if misfit := strict.Misfit(value, record); misfit != nil {
		return misfit
	}
	if err != nil {
		return jsonFault(err, len(value))
	}
	return strictFault(lax)
}

// jsonFault puts a decoder's error in the words of the record.
func jsonFault(err error, size int) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := "record"
		if wrong.Field != "" {
			field = "field " + fault.Clip(wrong.Field)
		}
		return fault.Hintf("put the value in the form of its field: texts and times in quotes", "%s: is a %s", field, short(wrong.Value))
	}
	_, offset := kjson.SyntaxErrorOffset(err)
	return fault.Hintf("write the record again as one JSON object", "record is not valid JSON at byte %d of %d: %w", offset, size, err)
}

// strictFault reports the first of the decoder's strict errors.
func strictFault(lax []error) error {
	more := ""
	if len(lax) > 1 {
		more = fmt.Sprintf(" and %d more faults", len(lax)-1)
	}
	if field, ok := errors.AsType[kjson.FieldError](lax[0]); ok {
		path := field.FieldPath()
		field.SetFieldPath("")
		kind := bytes.TrimSuffix([]byte(field.Error()), []byte(` ""`))
		return fault.Hintf("use each field once, spelt as in the documentation", "%s %s%s", kind, fault.Clip(path), more)
	}
	return fault.Hintf("use each field once", "%w%s", lax[0], more)
}

func (r *tenantRecord) check(key Key) (Tenant, error) {
	if key.Tenant.IsZero() {
		return Tenant{}, fault.Hintf("name the tenant", "tenantId is empty")
	}
	if r.TenantID != key.Tenant.String() {
		return Tenant{}, mismatch("tenantId", r.TenantID, key.Tenant.String())
	}
	if r.TenantName == "" {
		return Tenant{}, fault.Hintf("give the tenant a name", "tenantName is empty")
	}
	if err := text("tenantName", r.TenantName); err != nil {
		return Tenant{}, err
	}
	if err := checkCode(r.TenantCode); err != nil {
		return Tenant{}, err
	}
	if err := checkLabels(r.Labels); err != nil {
		return Tenant{}, err
	}
	t := Tenant{ID: key.Tenant, Name: r.TenantName, Code: r.TenantCode}
	if len(r.Labels) > 0 {
		t.Labels = r.Labels
	}
	return t, nil
}

func mismatch(field, got, want string) error {
	return fault.Hintf("a record says the same as its key", "%s %s: the key says %q", field, fault.Clip(got), want)
}

func (d *decoder) check(key Key) (Authorisation, error) {
	r := &d.record
	if key.Tenant.IsZero() || key.Product.IsZero() {
		return Authorisation{}, fault.Hintf("name tenant and product", "product or tenantId is empty")
	}
	if r.Product != key.Product.String() {
		return Authorisation{}, mismatch("product", r.Product, key.Product.String())
	}
	a := Authorisation{Product: key.Product}
	var err error
	if a.Version, err = d.version(r.Version); err != nil {
		return Authorisation{}, err
	}
	if err := a.setReplicas(r.Replicas, r.MaxReplicas); err != nil {
		return Authorisation{}, err
	}
	if a.Limits, err = r.Limits.check(); err != nil {
		return Authorisation{}, err
	}
	if a.Storage, err = d.storage("storage", r.Storage); err != nil {
		return Authorisation{}, err
	}
	if a.ShrinkFrom, err = d.storage("shrinkFrom", r.ShrinkFrom); err != nil {
		return Authorisation{}, err
	}
	if err := checkParameters(r.Parameters); err != nil {
		return Authorisation{}, err
	}
	if len(r.Parameters) > 0 {
		a.Parameters = r.Parameters
	}
	if err := text("description", r.Description); err != nil {
		return Authorisation{}, err
	}
	a.Description = r.Description
	return a, a.setTimes(r.StartTime, r.EndTime)
}

func (a *Authorisation) setReplicas(least, most any) (err error) {
	if a.Replicas, err = checkCount("replicas", least, MaxReplicas); err != nil {
		return err
	}
	if a.MaxReplicas, err = checkCount("maxReplicas", most, MaxReplicas); err != nil {
		return err
	}
	if a.MaxReplicas != 0 && a.MaxReplicas < a.Replicas {
		return fault.Hintf("exchange the two, or leave maxReplicas out", "maxReplicas %d: is less than replicas %d", a.MaxReplicas, a.Replicas)
	}
	return nil
}

func (a *Authorisation) setTimes(start, end string) (err error) {
	if a.StartTime, err = parseTime("startTime", start); err != nil {
		return err
	}
	if end == "" {
		return nil
	}
	if a.EndTime, err = parseTime("endTime", end); err != nil {
		return err
	}
	if a.EndTime.Before(a.StartTime) {
		return fault.Hintf("exchange the two", "endTime %q: is before startTime %q", end, start)
	}
	return nil
}

func (d *decoder) version(s string) (ident.Version, error) {
	if s == "" {
		return ident.Version{}, nil
	}
	if v, ok := d.versions[s]; ok {
		return v, nil
	}
	v, err := ident.Parse[ident.VersionKind](s)
	if err == nil && d.versions != nil && len(d.versions) < maxShared {
		d.versions[s] = v
	}
	return v, err
}

func (d *decoder) storage(field, s string) (string, error) {
	if shared, ok := d.storages[s]; ok {
		return shared, nil
	}
	if err := checkStorage(field, s); err != nil {
		return "", err
	}
	if d.storages != nil && len(d.storages) < maxShared {
		d.storages[s] = s
	}
	return s, nil
}
