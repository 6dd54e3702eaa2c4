// Package chaos tests `sluice run` against everything that dies: replicas,
// etcd and the Git server are killed, paused, partitioned and compacted at
// random while authorisations change. It has no code of its own.
//
// The test runs for 20 s; -chaos sets the time, -seed the order of what is
// broken, -keep keeps the logs. A seed decides what is done and how long the
// pauses are, not when the processes get to run, so a failing seed is a hint.
package chaos
