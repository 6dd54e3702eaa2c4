package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Window is a weekly opening: on some days, from a minute of the day to
// another, by the clock on the wall. One that ends before it begins ends on
// the next day.
type Window struct {
	days     [7]bool // by time.Weekday, on which it begins
	from, to int     // minutes of the day
}

const day = 24 * 60

var weekdays = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// ParseWindow reads "Mon-Thu 09:00-16:00" or "Sat 22:00-02:00".
func ParseWindow(s string) (Window, error) {
	bad := func(why string) (Window, error) {
		return Window{}, fault.Hintf(`write it as "Mon-Thu 09:00-16:00"`, "opening hours %.40q: %s", s, why)
	}
	days, hours, ok := strings.Cut(s, " ")
	if !ok {
		return bad("they have no hours")
	}
	var w Window
	first, last, span := strings.Cut(days, "-")
	a, b := weekday(first), weekday(last)
	if !span {
		b = a
	}
	if a < 0 || b < 0 {
		return bad("no such day")
	}
	for d := a; ; d = (d + 1) % 7 {
		w.days[d] = true
		if d == b {
			break
		}
	}
	from, to, _ := strings.Cut(hours, "-")
	w.from, w.to = minute(from), minute(to)
	switch {
	case w.from < 0 || w.to < 0 || w.from == day:
		return bad("no such hour")
	case w.from == w.to:
		return bad("they never open")
	}
	return w, nil
}

func weekday(s string) int {
	for i, d := range weekdays {
		if d == s {
			return i
		}
	}
	return -1
}

// minute reads hh:mm, 24:00 included, and returns -1 for anything else.
func minute(s string) int {
	var h, m int
	if len(s) != 5 {
		return -1
	}
	if _, err := fmt.Sscanf(s, "%02d:%02d", &h, &m); err != nil || fmt.Sprintf("%02d:%02d", h, m) != s || h > 24 || m > 59 || h*60+m > day {
		return -1
	}
	return h*60 + m
}

// open reports whether the window is open at t, whose zone is the ring's.
func (w Window) open(t time.Time) bool {
	m := t.Hour()*60 + t.Minute()
	today, yesterday := w.days[t.Weekday()], w.days[(t.Weekday()+6)%7]
	if w.from < w.to {
		return today && w.from <= m && m < w.to
	}
	return today && w.from <= m || yesterday && m < w.to
}

// opens reports whether the ring's hours are open at now, and when they open
// next if they are not. What is open is asked of the clock on the wall, so days
// of 23 and 25 hours need no thought. An opening that falls into an hour that
// the wall leaves out is found a little late or not at all: it only says when
// to ask again.
func (f *Fleet) opens(g *Ring, now time.Time) (bool, time.Time) {
	zone := f.Zone
	if zone == nil {
		zone = time.UTC
	}
	wall := now.In(zone)
	if len(g.Opens) == 0 || open(g.Opens, wall) {
		return true, time.Time{}
	}
	var next time.Time
	for ahead := range 9 {
		for _, w := range g.Opens {
			t := time.Date(wall.Year(), wall.Month(), wall.Day()+ahead, 0, w.from, 0, 0, zone)
			if t.After(now) && open(g.Opens, t) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return false, next
}

func open(windows []Window, t time.Time) bool {
	return slices.ContainsFunc(windows, func(w Window) bool { return w.open(t) })
}
