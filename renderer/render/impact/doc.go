// Package impact says what a change of people's files does to the clusters of
// an environment: which tenants move, in which order, and which objects change
// and how.
//
// It compares two states of a repository, before and after the change, by what
// runs in the clusters once everything has come to rest: the after is rendered
// as the renderer would, and the engine is run ahead with healthy observations.
// The objects that a Plan lists are exactly those that then differ; those that
// differ in nothing but the marks that sluice writes are counted (Folded). Argo
// CD's Applications are objects like others, but for the versions that they hand
// down: these are told as rollouts. What was under way before the change, and
// goes on as it would have, is a rollout of the plan, not a change.
//
// It is pure: it reads the two trees that it is given, writes nothing, and
// knows no clock but the moment that it is told.
package impact
