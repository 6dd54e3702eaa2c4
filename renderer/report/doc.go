// Package report is what is known of an environment, joined in one place: what
// Git grants, what etcd asks, what Argo CD shows, and why the two differ.
//
// A Join is fed by readers: one tenant, one Application, one record at a time,
// so that a watch costs what changed. It is pure: no clock, no I/O, and equal
// feeds give equal answers in any order. Every surface is a view of it: Report
// for the fleet, Tenants for a search, Tenant for one of them, and Why for the
// chain from the wish to the obstacle.
//
// Nothing is guessed. What a source did not show is unknown, and every answer
// names its sources with the time they are of. What Argo CD shows does not say
// which quota or image is behind an object that does not start; Why names the
// object, and Cluster, if there is one, what stands behind it.
//
// A Join is not safe for concurrent use, and keeps small records: names once,
// versions as numbers, and details only of what is not as it should be.
package report
