package report

import "time"

// State is how something is, as one looks at it from afar.
type State string

// States, worst first.
const (
	Bad     State = "bad"     // a person has to look
	Waiting State = "waiting" // it is on its way, or waits for its turn
	Unknown State = "unknown" // a source that would tell is missing
	OK      State = "ok"
	Resting State = "resting" // nothing of it should run: suspended, retained, or not begun
)

// Report is an environment from afar.
type Report struct {
	Environment string    `json:"environment"`
	At          time.Time `json:"at"`
	// Verdict is one sentence.
	Verdict string `json:"verdict"`
	State   State  `json:"state"`
	Tenants int    `json:"tenants"`
	// Cells are the fleet by product, ring in order, and version, newest first.
	Cells []Cell `json:"cells"`
	// Rollouts are the lanes by product and ring in order.
	Rollouts []Rollout `json:"rollouts"`
	// Stuck are those who are bad or wait, by reason, the worst and most first.
	Stuck []Stuck `json:"stuck"`
	// Hanging are the operations of Argo CD that keep Applications from all that is newer.
	Hanging []Operation `json:"hanging,omitempty"`
	Sources []Source    `json:"sources"`
}

// Cell is how many tenants of a ring are granted a version of a product, and
// how they run it. Who is granted nothing yet has no version.
type Cell struct {
	Product string `json:"product"`
	Ring    string `json:"ring"`
	Version string `json:"version,omitempty"`
	Tenants int    `json:"tenants"`
	OK      int    `json:"ok"`
	Waiting int    `json:"waiting"`
	Bad     int    `json:"bad"`
	Unknown int    `json:"unknown"`
	Resting int    `json:"resting"`
	// Since is when the version was first proven on all that is granted, while it
	// has to stay so.
	Since *time.Time `json:"since,omitempty"`
	// Note says what is special about the version here: wanted, blocked, failed.
	Note string `json:"note,omitempty"`
}

// Rollout is a product in a ring: a lane of rollouts.yaml.
type Rollout struct {
	Product    string     `json:"product"`
	Ring       string     `json:"ring"`
	Wanted     string     `json:"wanted,omitempty"`
	Granted    []Share    `json:"granted"`
	Good       []string   `json:"good,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Stragglers int        `json:"stragglers,omitempty"`
	State      State      `json:"state"`
	// Code, Sentence, Until and Command say why it does not move; empty when it is done.
	Code     Code       `json:"code,omitempty"`
	Sentence string     `json:"sentence,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	Command  string     `json:"command,omitempty"`
}

// Share is a version with its share of a ring's places.
type Share struct {
	Version string  `json:"version"`
	Percent float64 `json:"percent"`
}

// Stuck are tenants' products that do not run as they should for one reason.
type Stuck struct {
	Code     Code   `json:"code"`
	Sentence string `json:"sentence"` // of the code
	State    State  `json:"state"`
	Count    int    `json:"count"`
	// Tenants are the first of them, by id.
	Tenants []string `json:"tenants"`
}

// Source is where knowledge comes from, and of when it is.
type Source struct {
	// Name is git, etcd, argocd, engine or cluster; metrics and gitlab where they were asked.
	Name string `json:"name"`
	// At is the time that it is of; none for a source that is missing.
	At *time.Time `json:"at,omitempty"`
	// AgeSeconds is how old that was when the answer was made.
	AgeSeconds int64 `json:"ageSeconds,omitempty"`
	// Missing says why there is nothing newer; empty when there is.
	Missing string `json:"missing,omitempty"`
}
