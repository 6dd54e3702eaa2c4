// Package stencil turns the overlays of one base into a text with holes.
//
// A rendered overlay is a function of a few strings: namespace, tenant and the
// parameters. Compile runs kustomize with strings that occur nowhere else,
// finds in the resulting objects every scalar that they reached, and keeps the
// rest of the output as text. Filling the holes then gives the bytes that
// kustomize would give, some thousand times faster.
//
// That is only true while nothing else depends on the values, so the package
// works by exclusion. A plan refuses bases with features whose result depends
// on values in other ways (vars, hashed names that change, selectors on labels,
// structured data in strings, ...). Compile runs twice, with different strings
// in a different order, and refuses when the two results are not the same
// stencil. Fill refuses values outside the classes for which the text of a
// scalar is known or can be asked from kustomize's own encoders. Whoever is
// refused takes the general path; a refusal costs time, never correctness.
package stencil
