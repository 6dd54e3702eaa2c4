// Package plugin turns a rendered directory and what its parent grants into
// the manifests that Argo CD applies.
//
// It is a pure function of the request: no etcd, no cluster, no network, no
// disk, no clock. The directory's descriptor says which level of the tree it
// is: a ring becomes tenant Applications, a tenant its namespace, its shared
// components and its product Applications, an overlay the bytes of
// `kustomize build`. What the parent grants arrives as the plugin parameter
// "versions", and nothing that it does not name is generated.
//
// The package guarantees that manifests which were not meant to be applied are
// not returned: seals are checked before a build, and the objects of its
// output after it, whatever wrote them. A refusal is an error with a Reason
// and a hint; it never comes with manifests. It does not decide what belongs
// into a directory: that is the renderer's work.
package plugin
