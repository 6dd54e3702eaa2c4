// Package helm renders vendored charts with helm's own engine, to the text
// that `helm template` of the same version prints.
//
// Nothing outside the chart and its values is asked: there is no cluster, no
// network, no environment, and a template that uses the clock, chance or a
// lookup is refused, because its result would not be the same tomorrow. What
// the text of the templates does not show is looked for by rendering twice.
// A template that never ends cannot be stopped; Inflate returns when its
// context ends, and the rendering goes on in the background. So this package
// is for catalogs that were reviewed, not for the plugin.
package helm
