// Package shape says whether Kubernetes would take objects, and whether they
// would find each other there: what a cluster would say minutes after a
// publication is said before it.
//
// Decode reads an object strictly as its type of k8s.io/api, whose version is
// pinned in go.mod; Check asks the rules of values that the API server has
// beyond types; Links asks whether selectors, ports, volumes and references
// mean something that is there. Kinds that k8s.io/api does not have, the custom
// ones, are taken as they are: only their metadata and their pods are looked at.
//
// It is pure, and knows nothing of tenants: names of sluice stand in package
// base.
package shape
