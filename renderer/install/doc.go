// Package install holds what a cluster administrator applies to run the
// watching renderer in Kubernetes: two replicas that elect a leader for each
// environment, their alerts and their dashboard. It has no code but tests.
package install
