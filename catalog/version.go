package catalog

import "slices"

// Buckets returns the version's own components in the order in which they
// start: bucket n+1 waits for bucket n to be Healthy. Each bucket is sorted by
// name. The caller must not change the result.
func (v *Version) Buckets() [][]Component { return v.buckets }

// Requires returns the version's references to shared components, in the order
// that people gave.
func (v *Version) Requires() []Component {
	return slices.DeleteFunc(slices.Clone(v.Components), func(c Component) bool { return c.Sharing == SharingNone })
}

// own returns the components that are deployed with the version.
func (v *Version) own() []Component {
	return slices.DeleteFunc(slices.Clone(v.Components), func(c Component) bool { return c.Sharing != SharingNone })
}

// ref is the place of the shared component that c refers to.
func (c Component) ref() Ref {
	return Ref{Shared: true, Name: c.Name.String(), Version: c.Version.String()}
}
