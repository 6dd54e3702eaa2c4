package authz

// MaxLimit is the most that a limit may be.
const MaxLimit = 1_000_000_000_000

// Limits are how much a tenant may call what a product serves. They are kept
// and told to whoever asks; nothing is rendered from them, and nobody here
// enforces them. Zero sets no limit.
type Limits struct {
	// Daily is how many calls a day.
	Daily int `json:"daily,omitempty"`
	// Concurrent is how many at once.
	Concurrent int `json:"concurrent,omitempty"`
}

// limitsRecord is Limits before any check.
type limitsRecord struct {
	Daily      any `json:"daily"`
	Concurrent any `json:"concurrent"`
}

func (r limitsRecord) check() (l Limits, err error) {
	if l.Daily, err = checkCount("limits.daily", r.Daily, MaxLimit); err != nil {
		return l, err
	}
	l.Concurrent, err = checkCount("limits.concurrent", r.Concurrent, MaxLimit)
	return l, err
}
