// Package charts replaces the helmCharts of kustomizations by their manifests,
// as `kustomize build --enable-helm` does, without starting helm.
//
// Expand finds every kustomization that a build reaches, works out release,
// namespace and values of each chart as kustomize does, lets an Inflater render
// it, and returns a tree in which the manifests are the last resources of the
// kustomization. Charts must be vendored in the tree. What would make the
// result differ from kustomize's (a directory that is reached in two
// namespaces, generators that merge into a chart's objects) is refused.
//
// The package does not import helm: programs that need no charts leave the
// inflater out.
package charts
