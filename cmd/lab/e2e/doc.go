// Package e2e proves the orders that sluice promises on a real cluster with a
// real Argo CD: the scenarios are tests with the build tag e2e.
//
// Each scenario has an environment, a repository and a prefix in etcd of its
// own on one lab. It changes authorisations and the fleet with the commands
// that people use, records what the cluster did, and asserts the order on the
// record. It proves nothing about the processes in containers: pods become
// Ready without running anything.
//
//	go test -tags e2e -timeout 60m ./cmd/lab/e2e
//
// LAB_SET chooses the set of versions, LAB_PICTURES a folder for one picture
// of each scenario, LAB_DIR a lab that is kept for the next run.
package e2e
