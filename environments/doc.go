// Package environments is the model of where tenants run: environments, their
// fleets, rings and the product versions that each ring grants.
//
// It loads environment.yaml and fleet.yaml from any fs.FS, validates them, and
// answers two questions purely: in which ring and batch is a tenant, and which
// versions of a product are in play there. It knows no etcd, no Git and no
// clock.
package environments
