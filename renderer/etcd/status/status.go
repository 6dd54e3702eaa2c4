// Package status tells the upstream system what became of each authorisation:
// one record below /tenant/status/<tenant>/<product> for each.
//
// It writes only keys that hold nothing or an own record of its environment,
// only when a record differs from what is there, in transactions that fail
// when the leader's term has ended. What it writes lies
// outside the prefix that is watched, so it causes no rendering. Updates that
// come faster than they are written are merged by key. People see the records
// through `sluice authz`, which reads them with Reader: what others
// wrote there is hostile, and passes a gate.
package status

import (
	"encoding/json"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// DefaultPrefix is where status records are.
const DefaultPrefix = "/tenant/status"

// Record is the value of a status record.
type Record struct {
	Environment string `json:"environment"`
	// AcceptedVersion is the version that is rendered; empty when none is.
	AcceptedVersion string `json:"acceptedVersion"`
	Ring            string `json:"ring"`
	// Commit is the commit in which the product was changed last.
	Commit string `json:"commit"`
	State  string `json:"state"`
	// Error says why the authorisation in etcd is not what is rendered; empty when it is.
	Error string `json:"error,omitempty"`
}

// maxError bounds what a hostile record makes us write.
const maxError = 512

// encode returns the record's value.
func (r Record) encode() string {
	data, err := json.Marshal(r)
	if err != nil { // strings only
		return ""
	}
	return string(data)
}

// same reports whether two records say the same, their commits apart.
func (r Record) same(o Record) bool {
	o.Commit = r.Commit
	return r == o
}

// Update is the records of one tenant; products that are not in it have none.
type Update struct {
	Tenant  ident.Tenant
	Records map[ident.Product]Record
	// Touch says that the commit of each record is new even if nothing else is.
	Touch bool
}

// Explain returns an error with its hint on one bounded line.
func Explain(err error) string {
	text := err.Error()
	if hint := fault.HintOf(err); hint != "" {
		text += "; " + hint
	}
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "..."
	}
	return text
}
