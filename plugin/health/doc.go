// Package health holds the health checks and resource actions that Argo CD
// needs to hold sluice's order, as Lua scripts in Argo CD's own form, and hands
// them out as entries of the ConfigMap argocd-cm.
//
// The layout is that of Argo CD's resource_customizations: <group>/<Kind>/ (a
// core kind without group) with health.lua, health_test.yaml and testdata, and
// actions/ with discovery.lua, <action>/action.lua and action_test.yaml. The
// tests run every script in Argo CD's own Lua machine, read from the ConfigMap
// by Argo CD's own settings code, with and without the standard libraries.
// Installation and test clusters take the scripts from Customizations, so there
// is one source.
//
// What every script keeps to:
//
//   - It needs no standard library (resource.customizations.useOpenLibs stays
//     off): the libraries would give whoever edits argocd-cm the controller's
//     files. So there are no string functions; times are compared as strings.
//   - It never fails and never answers Unknown or Missing for an Application.
//     Argo CD leaves a child Application in those states out of its parent's
//     health, so a failing script would open a gate instead of closing it.
//   - It always ends: whatever cannot become Healthy becomes Degraded, because an
//     operation that waits for neither blocks its Application for good. Kinds
//     that never degrade by themselves get a deadline, gatorcloud.io/progress-deadline
//     (seconds, 600 without the annotation). A passed deadline is noticed on the
//     next event or reconciliation of the Application (timeout.reconciliation,
//     180 s unless changed), not to the second.
//
// A script sees its object as it is now and nothing else. When the wanted state
// last changed is read from metadata.managedFields: the API server sets an
// entry's time when its manager changes a value. An object without them is
// judged by its creation and the transitions of its conditions.
//
// The files are sources, not yet scripts: Argo CD gives a script nothing to
// include, so Customizations expands them. A line "--fragments values clock"
// brings in the texts of fragments/, each of which may use those before it:
// values, clock, deadline (with both), versions (with values); and with deadline
// conditions, pods (workloads) and address (load balancers). A health.lua in the
// folder of a group that begins "--kinds A B" is the check of several kinds,
// which share its tests; "<Kind>" stands for the name of each.
//
// Kinds that nobody here knows get theirs from the catalog that declares them:
// declared.lua, and Declared, which fills it in. Argo CD has one check of a kind,
// so the versions of a catalog must agree on it.
//
// To add a check: write <group>/<Kind>/health.lua, with "--fragments values clock
// deadline" and what is particular of the kind; put objects into testdata/ beside
// it and the expected answers into health_test.yaml. An object of which nothing is
// reported yet waits for the deadline. A kind that versions may then hold goes
// from endlessGroups to soundKinds of package base. Then
//
//	go test ./plugin/install -run TestSettingsEqual -update   # into what is installed
//	go test ./plugin/health                                   # it answers whatever it is given
package health
