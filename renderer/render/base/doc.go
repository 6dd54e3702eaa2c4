// Package base turns a catalog version into its base: the directory of plain
// manifests that every overlay of the version carries.
//
// A base is a pure function of the version's files: no network, no cluster,
// no clock, no randomness, the same bytes on any machine. Charts are inflated
// here, once, for a fixed Kubernetes version; a chart whose templates are not a
// function of its values is refused. What a base promises to the levels above
// is checked here too, each refusal with a hint: images are pinned, workloads
// can fail within a deadline, nothing leaves the tenant's namespace, claims
// have a known fate, and parameters can reach no field that they must not.
//
// Objects carry the labels product, version and component and the sync wave of
// their bucket. Pod templates carry product and component only: the version on
// them would restart, at every bump, pods that did not change. Labels never
// reach selectors and volumeClaimTemplates, which cannot change once created.
//
// A chart's values.schema.json is not applied: the library would fetch what it
// refers to.
package base
