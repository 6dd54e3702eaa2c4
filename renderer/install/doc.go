// Package install holds what an administrator applies to run sluice: in
// Kubernetes the watching renderer, two replicas that elect a leader for each
// environment, with their alerts and their dashboard; in GitLab the pipeline of
// a fleet's repository. It has no code but what hands these files out.
package install

import _ "embed"

//go:embed pipeline.yml
var pipeline []byte

// Pipeline returns the file of jobs that a fleet's repository includes.
func Pipeline() []byte { return pipeline }
