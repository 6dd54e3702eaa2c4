// Package bars draws what was when: a row for each thing, time from left to
// right, as one SVG that stands alone or within a page.
//
// Everything that is drawn is text to it: names and reasons are escaped, and
// no character of them becomes markup. Colours are attributes, which a page's
// style sheet overrides by class; there is no style in the picture, so that it
// may stand in a page that forbids inline styles.
package bars

import "time"

// Health is how a thing does, in Argo CD's words.
type Health string

// The words that have a colour; every other one is drawn as Unknown.
const (
	Healthy     Health = "Healthy"
	Progressing Health = "Progressing"
	Degraded    Health = "Degraded"
	Suspended   Health = "Suspended"
	Deleting    Health = "Deleting"
	Unknown     Health = "Unknown"
)

// Chart is a picture.
type Chart struct {
	Title string
	// From and To are the ends of the axis.
	From, To time.Time
	// Now is drawn as a line; what comes after it is pale, for it is a forecast. Zero draws none.
	Now time.Time
	// Elapsed writes the time since From at the axis, instead of that of the day in UTC.
	Elapsed bool
	Rows    []Row
	Marks   []Mark
}

// Row is one thing.
type Row struct {
	Label string
	Bars  []Bar
}

// Bar is a state that lasted.
type Bar struct {
	From, To time.Time
	Health   Health
	// Text stands in the bar if it is wide enough, Title is shown on pointing at it.
	Text, Title string
}

// Mark is a moment, drawn across all rows.
type Mark struct {
	At   time.Time
	Text string
}

// colours are dark enough for white letters.
var colours = []struct {
	health Health
	class  string
	fill   string
}{
	{Progressing, "progressing", "#0969da"},
	{Healthy, "healthy", "#1a7f37"},
	{Degraded, "degraded", "#cf222e"},
	{Suspended, "suspended", "#8250df"},
	{Deleting, "deleting", "#9a6700"},
	{Unknown, "unknown", "#6e7781"},
}

// look returns the class and the colour of a health.
func (h Health) look() (class, fill string) {
	for _, c := range colours {
		if c.health == h {
			return c.class, c.fill
		}
	}
	return Unknown.look()
}
