// Package catalog is the model of what can be sold and deployed: products in
// immutable versions, their components, parameters and dependency graph, and
// the shared components that they refer to.
//
// It loads a catalog from any fs.FS, reports every fault of it in one run,
// orders components into buckets and checks versions against catalog.lock. A
// version that was loaded without error is valid by construction: its names
// passed the gate of package ident, its graph has no cycle and its files stay
// inside its directory and refer to nothing remote. The package renders
// nothing; package base turns a version into manifests.
//
// Data lives beside the code: catalog/products/<product>/<version>/product.yaml,
// catalog/shared/<component>/<version>/component.yaml and catalog/catalog.lock.
package catalog
