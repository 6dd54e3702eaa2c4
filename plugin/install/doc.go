// Package install is what a cluster admin applies to a stock Argo CD so that it
// runs sluice's plugin and keeps sluice's order: Kustomize components and a
// README. It has no code of its own; its tests build the components over the
// manifests of the pinned Argo CD release and check the result with the types
// of Kubernetes.
//
// settings/argocd-cm.yaml is generated from the scripts of package health:
// "go test ./plugin/install -run TestSettingsEqual -update" writes it.
package install
