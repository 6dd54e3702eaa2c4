// Package render turns facts about tenants into the files that Argo CD reads.
//
// A render is a pipeline of pure steps over values: facts (package facts) are
// planned one tenant at a time (package plan) and written as directories into
// a Sink, which is a Git transaction or a directory. The result depends on
// facts, catalog and environment only: not on the order or number of workers,
// the machine, the clock or what was rendered before. Roster keeps what one
// tenant's change can touch outside the tenant's own folder (its ring's batch
// and the environment-shared components), so that a change among 100,000
// tenants costs what it costs among 100 and gives the same bytes as a render
// from nothing.
//
// The package reads no etcd and writes no Git; adapters below it do.
package render
