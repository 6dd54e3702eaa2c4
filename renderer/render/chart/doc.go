// Package chart renders vendored Helm charts to the documents that `helm
// template` of the same release prints.
//
// It loads charts, merges values and sorts documents with helm's own packages,
// and executes the templates itself, on the same template language and the same
// libraries, for two things that helm's engine cannot give. What it cannot
// render as helm does, it refuses: nothing is left out silently.
//
// Pure by construction: templates find functions of their arguments only. What
// asks the cluster, the network, the clock, the time zone or chance does not
// exist for them, also inside tpl; keys and values come in their order. So a
// chart renders to the same documents everywhere and always.
//
// Bounded: parsed templates are instrumented, so that each round of a loop,
// each call and each value passes a meter that counts steps and looks whether
// the context has ended. Functions that make much out of little (until, repeat,
// indent, regular expressions) say beforehand what they will take. A chart that
// takes too much ends with an error within seconds and some hundred megabytes.
//
// A values.schema.json is applied, but schemas that it refers to are not
// fetched. Charts with custom resource definitions are refused, because `helm
// template` leaves them out and `helm install` does not. The Go version in
// .Capabilities.HelmVersion is empty: it is that of whoever built helm.
package chart
