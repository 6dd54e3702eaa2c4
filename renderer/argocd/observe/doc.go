// Package observe looks at live Argo CD Applications for the engine of
// rollouts: what they show of each grant becomes a rollout.Observation.
//
// An Observer lists the product Applications of the lanes in motion, the ring
// Applications of their rings for what people said there, and the shared parts
// while one of them waits for its proof. It keeps a few fields of each
// Application, whatever its size, and no Application itself.
//
// What counts as evidence, all of it in one status:
//
//   - The Application is ours by its name, and its spec.source is the grant:
//     the overlay of the version that Rollouts grants, and that version alone as
//     the plugin's parameter, in our repository and branch, for our cluster.
//   - It was compared to exactly that, and last synced with it.
//   - Proven is what the strict health check of Applications calls Healthy. That
//     check is Lua, in plugin/health; its verdict is here once more in Go, because
//     it stands in no field of its own Application, and the check's own tests
//     hold the two together.
//   - Degraded are workloads alone, at that source: the health after its sync, or
//     an object that it applied and that became Degraded while it waited.
//   - Errors of comparison, spec and operation, Unknown, Missing, an Application
//     that is not there and a field of a wrong type are inconclusive.
//   - It was looked at after it was granted. The observer notes the reconciledAt
//     with which it first sees a grant in an Application, asks Argo CD for a
//     refresh, again if the request got lost, and believes a status only when the
//     request is gone and reconciledAt is later. Where more is granted than may be
//     asked for at a time, Argo CD's own next look does as well. A lane that the
//     engine noted as proven was looked at; that spares a new leader, who
//     remembers nothing.
//
// All stamps are Argo CD's, and the package has no clock. They are compared
// within one Application, except where the engine itself compares them: a soak
// runs from the newest stamp of its first proof to the oldest of the latest.
// When one is to end, the observer has to know Argo CD's time: it refreshes the
// oldest Application of the lane, whose stamp tells it, and once that is past
// the end all that were looked at before it, the oldest first.
//
// A list that fails is silence about all that it is of: its lane is not in the
// observation, and a ring whose people could not be heard is paused. It is
// never taken for a lane without tenants.
//
// Parents are not refreshed. A grant is a push, package notify refreshes the
// slices that it changed, and from there Argo CD sees each changed child.
package observe
