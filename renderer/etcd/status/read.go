package status

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// maxRecord bounds the value of a record: an error of maxError bytes that JSON
// escapes, and some names.
const maxRecord = 8 << 10

// Beside returns where the status of the records below a prefix is told:
// /tenant/status for /tenant/info, and a sibling of any other prefix. It never
// lies below the prefix, which is watched.
func Beside(records string) string {
	if parent, ok := strings.CutSuffix(records, "/info"); ok {
		return parent + "/status"
	}
	return records + "-status"
}

// Prefix returns the prefix that was asked for, or the one beside the records
// when none was; see authz.Apart.
func Prefix(asked, records string) (string, error) {
	if asked == "" {
		return Beside(records), nil
	}
	prefix, err := authz.Apart(asked, records, Beside(records))
	if err != nil {
		return "", fmt.Errorf("reading the status prefix: %w", err)
	}
	return prefix, nil
}

// Decode reads the value of a record. Every field passes the gate of its kind,
// so nothing but the error is free text, and that is bounded.
func Decode(value []byte) (Record, error) {
	var r Record
	if len(value) > maxRecord {
		return Record{}, fmt.Errorf("the value has %d bytes, at most %d are read", len(value), maxRecord)
	}
	if !utf8.Valid(value) {
		return Record{}, errors.New("the value is not UTF-8")
	}
	if err := json.NewDecoder(bytes.NewReader(value)).Decode(&r); err != nil {
		return Record{}, errors.New("the value is no record in JSON")
	}
	_, err := ident.Parse[ident.EnvironmentKind](r.Environment)
	if r.AcceptedVersion != "" {
		_, e := ident.Parse[ident.VersionKind](r.AcceptedVersion)
		err = errors.Join(err, e)
	}
	if r.Ring != "" {
		_, e := ident.Parse[ident.RingKind](r.Ring)
		err = errors.Join(err, e)
	}
	if _, e := authz.ParseState(r.State); e != nil {
		err = errors.Join(err, e)
	}
	if !isCommit(r.Commit) {
		err = errors.Join(err, fmt.Errorf("commit %+q: is none", r.Commit[:min(len(r.Commit), 48)]))
	}
	if err != nil {
		return Record{}, err
	}
	if len(r.Error) > maxError+len("...") {
		r.Error = strings.ToValidUTF8(r.Error[:maxError], "") + "..."
	}
	return r, nil
}

// isCommit reports whether s is empty or the name of a Git object.
func isCommit(s string) bool {
	return s == "" || (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// Scanner visits the records below a prefix; an *etcd.Store is one.
type Scanner interface {
	Scan(ctx context.Context, prefix string, begin func(), visit func(key string, value []byte, mod int64)) (int64, error)
}

// Reader reads the status records below one prefix.
type Reader struct {
	Scanner Scanner
	// Place is the prefix.
	Place string
}

// Statuses returns the status of all authorisations, or of those of the given
// tenants. What has none is not in it. A record that cannot be read says so in
// its error and nothing else; keys that name no authorisation are passed over.
func (r Reader) Statuses(ctx context.Context, ids ...ident.Tenant) (map[authz.Key]Record, error) {
	places := []string{r.Place}
	if len(ids) > 0 {
		places = nil
	}
	for _, id := range ids {
		places = append(places, r.Place+"/"+id.String())
	}
	all := map[authz.Key]Record{}
	for _, place := range places {
		found := map[authz.Key]Record{}
		_, err := r.Scanner.Scan(ctx, place, func() { clear(found) }, func(name string, value []byte, _ int64) {
			if key, err := ParseKey(r.Place, name); err == nil {
				found[key] = read(value)
			}
		})
		if errors.Is(err, rpctypes.ErrPermissionDenied) {
			return nil, fault.New(fault.Skipped, fmt.Sprintf("grant the user's role to read it: etcdctl role grant-permission ROLE read --prefix=true %s/", r.Place),
				"reading status records below %q: %w", r.Place, err)
		}
		if err != nil {
			return nil, fmt.Errorf("reading status records: %w", err)
		}
		maps.Copy(all, found)
	}
	return all, nil
}

// ParseKey returns what the name of a record below prefix is about.
func ParseKey(prefix, name string) (authz.Key, error) {
	tenant, product, _ := strings.Cut(strings.TrimPrefix(name, prefix+"/"), "/")
	id, err := ident.Parse[ident.TenantKind](tenant)
	p, e := ident.Parse[ident.ProductKind](product)
	return authz.Key{Tenant: id, Product: p}, errors.Join(err, e)
}

// FormatKey returns the name of a record below prefix; ParseKey is its inverse.
func FormatKey(prefix string, k authz.Key) string {
	return prefix + "/" + k.Tenant.String() + "/" + k.Product.String()
}

// read returns a record, or one that says why there is none.
func read(value []byte) Record {
	record, err := Decode(value)
	if err != nil {
		return Record{Error: Explain(fmt.Errorf("reading the status record: %w", err))}
	}
	return record
}
