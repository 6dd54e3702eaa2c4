// Package overlay builds a Kustomize directory to the manifests that stock
// `kustomize build` of the same directory prints, byte for byte, or refuses it.
//
// It guarantees four things. A build reads nothing but the tree it is given: no
// network, no process, no environment, no clock. Its cost is bounded before
// kustomize sees a byte, because a running kustomize cannot be stopped. No
// build leaves state behind that another could see, although kustomize keeps
// its schema in process-wide variables; builds that need kustomize therefore
// take turns in the whole process. And it may be called from any number of
// goroutines.
//
// It does not write files, does not know Argo CD, and does not decide whether
// the manifests are good.
package overlay
