// Package base turns a catalog version into its base: the directory of plain
// manifests that every overlay of the version carries.
//
// A base is a pure function of the version's files: no network, no cluster,
// no clock, no randomness, the same bytes on any machine. Charts are inflated
// here, once, for a fixed Kubernetes version and all tenants: where a chart uses
// its namespace, a replacement writes that of the tenant, or the chart is
// refused. What a base promises to the levels above is checked here too, each
// refusal with a hint: images are pinned, every wait has an end, whatever runs
// pods is known to stop, nothing leaves the tenant's namespace, claims have a
// known fate, and parameters can reach no field that they must not.
//
// Objects carry the labels product, version and component and the sync wave of
// their bucket. Pod templates carry product and component only: the version on
// them would restart, at every bump, pods that did not change. Labels never
// reach selectors and volumeClaimTemplates, which cannot change once created.
package base
