package publish

// Trailers of a move of a rollout, in this order; the next move begins with the
// next TrailerRollout.
const (
	TrailerRollout = "Rollout" // swg=203, or the shared part policy-store=7
	TrailerDid     = "Did"     // a rollout.What
	TrailerRing    = "Ring"
	TrailerTo      = "To"    // per cent of the ring's places
	TrailerMoved   = "Moved" // how many stragglers
	TrailerReason  = "Reason"
)
