package environments

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// Moment is a point in time as people write it: an RFC 3339 time, or a date,
// which is its midnight in UTC.
type Moment struct{ at time.Time }

// Time returns the moment in UTC, the zero time for none.
func (m Moment) Time() time.Time { return m.at }

// IsZero reports whether nothing was written.
func (m Moment) IsZero() bool { return m.at.IsZero() }

// UnmarshalText reads a moment.
func (m *Moment) UnmarshalText(text []byte) (err error) {
	m.at, err = authz.ParseMoment(string(text))
	return err
}

// MarshalText writes the moment as UnmarshalText reads it.
func (m Moment) MarshalText() ([]byte, error) { return m.at.AppendFormat(nil, time.RFC3339Nano), nil }
