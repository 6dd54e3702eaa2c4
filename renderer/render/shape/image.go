package shape

import "regexp"

// imageForm is how the name of an image is written: registry, path, tag, digest.
// The API server takes any text; a node that is given another form starts nothing.
var imageForm = func() *regexp.Regexp {
	const (
		registry  = `(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?`
		component = `[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`
		tag       = `(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?`
		digest    = `(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?`
	)
	return regexp.MustCompile(`^` + registry + component + `(?:/` + component + `)*` + tag + digest + `$`)
}()
