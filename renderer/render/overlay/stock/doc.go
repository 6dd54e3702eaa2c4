// Package stock runs kustomize itself, in process, on a directory held in memory.
//
// kustomize keeps its schema in process-wide variables, answers some inputs
// with a panic and some with log.Fatal, and cannot be stopped. So runs take
// turns in the whole process, leave the schema as they found it, and turn
// panics and fatal exits into errors. What a run may read and how much it may
// cost is not decided here: callers check the tree first (package hermetic).
package stock
