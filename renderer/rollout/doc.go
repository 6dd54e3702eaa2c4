// Package rollout holds the order in which versions reach tenants: across the
// rings of a fleet, and inside a ring step by step.
//
// People write in fleet.yaml what each ring shall run. What each ring may run
// stands in Rollouts (rollouts.yaml), in words that the rest of the package uses:
//
//   - A tenant has a place, a hash of its id that nothing changes.
//   - A lane is one product in one ring: which version is granted to which
//     places. The newest one, its head, has the places below the frontier; who
//     is beyond it runs the version before. A grant moves the frontier on, and
//     it alone lets a tenant run what it did not.
//   - A step is a share of the ring that moves before the rest of it, a slice
//     what one grant adds: the tenants of one Application of Argo CD.
//   - A version is proven in a lane when enough of those that it was granted to
//     run it well, by what Argo CD shows; it passes when all of the ring has it,
//     proven, and every gate of the ring agrees: soak, metrics, approval. From
//     then on it is good there.
//   - A straggler is a tenant that keeps a version of its own in place of what
//     its place is granted, until the engine moves it too: it was suspended when
//     the frontier passed, or an edit put it under another grant. Where both are
//     one version it lets go once its slice is seen to ask for that: Argo CD
//     tells the slice of its grant and of its tenants one after the other.
//
// Two pure functions make new Rollouts from old ones; they know no clock, no I/O
// and no goroutine, and every rule of the order lives in them and nowhere else.
// Whoever calls them publishes the result by one commit on the commit that he
// read, or begins again on the newer one: of two leaders one comes too late.
//
// Settle runs in every render, whoever renders and whatever is reachable. It
// moves nobody forward. A tenant that people put under another grant becomes a
// straggler; a ring that shall run less than it does goes back to what was good
// there; a first version is granted where nobody ran any.
//
// Advance is the leader's. It looks at what Argo CD shows, notes what is proven
// and makes the next grant of each lane, or takes a failed version back.
//
// Why no order can be broken:
//
//   - A lane's frontier grows in one place, grant, and grant is reached through
//     one list of gates, may. The list is asked anew for every grant, from
//     nothing but the arguments: a leader that died, a lost answer and an edit
//     half-way cannot leave a half-open gate behind. Stragglers move in one
//     place too, follow, only to what is good in their ring.
//   - A ring's right to a version is that the ring before has it in Good. Good
//     grows in one place, pass, only when the whole ring runs the version and
//     every gate of the ring has passed; else it is only copied, with a lane
//     to the ring that takes its tenants over. So a version reaches ring n+1
//     after it was proven in ring n, by induction in all rings before. Good
//     shrinks by going back and by collecting what nobody can need; nothing
//     else closes a gate that was passed.
//   - Who must be proven is counted in the census, not in the observation, and
//     a look counts only for the version and the places that it looked at. So
//     silence opens nothing; and since only Degraded beyond the budget, for a
//     minute, takes a version back, silence closes nothing either.
//   - Every grant begins a new proof (Since is cleared), and a soak runs from
//     the first proof of all that is granted to the latest, both by Argo CD's
//     clock. A clock of ours that jumps can open hours, end freezes and holds,
//     and shorten that minute; it proves nothing.
//   - Versions change along edges, one in a commit: a frontier passes a place
//     only if an edge leads to its version from what runs there, and leaves a
//     stop on the way only once it is good. Down leads recede alone, along
//     downgradesTo, to a version that is good in the ring; a pin leads one
//     tenant.
//   - A lane reads the lane of the ring before and the shared parts that its
//     version needs, never another product. A part that somebody uses is raised
//     by raise alone, and proven before the first grant that needs it; nothing
//     lowers it.
//
// What people may do beside the order, and how far it goes:
//
//   - A person's word (Promoted) stands for order, proof, soak and approval in
//     one ring and for one step. It passes no pause, block, hold, freeze,
//     hours, metric, edge or failure.
//   - An expedited version passes soak, approval, freezes and hours. It passes
//     no ring, proof or metric.
//   - A pin is a grant to one tenant, at once and out of turn, up or down an edge
//     to what is published and not blocked; it proves nothing for others.
//   - A paused ring goes back like any other, and forward in nothing: no
//     grant, no straggler, and no gate that a later ring waits for. What is
//     seen in it is noted meanwhile, so that a soak goes on.
//
// Each thing that did not move has a Reason whose Code names the first shut
// gate and the act that lifts it. Encode and Decode are the only form of
// Rollouts outside: canonical, sealed, and refused when it was touched.
package rollout
