package task

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Schedule says when a task is due, by the clock on a wall of its zone.
//
// Each time that the expression names is due once: one that the clock skips
// when it is set forward is due at that moment, and one that it shows twice
// when it is set back is due the first time. An expression that names every
// hour means real time: it is due in both of two equal hours, and not made up
// for in an hour that is not there. This is how cron of Unix has it; neither
// robfig/cron nor netresearch/go-cron does all of it (TestTransitions has a
// table), so only the fields and the calendar are robfig's here, on a clock
// without a zone.
type Schedule struct {
	spec  *cron.SpecSchedule
	zone  *time.Location
	even  bool // names every hour
	named string
}

// ParseSchedule reads the five fields of cron, or a name such as @daily, for a
// zone of the IANA database; an empty zone is UTC.
func ParseSchedule(expression, zone string) (Schedule, error) {
	const hint = "use five fields such as \"30 2 * * *\", or @hourly, @daily, @weekly or @monthly"
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return Schedule{}, fault.Hintf("use a name such as Europe/Berlin or UTC", "time zone %s: is not known", fault.Clip(zone))
	}
	if strings.Contains(expression, "=") { // a zone, which has its own place
		return Schedule{}, fault.Hintf(hint, "schedule %s: holds more than its fields", fault.Clip(expression))
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(expression)
	if err != nil {
		return Schedule{}, fault.Hintf(hint, "schedule %s: is none", fault.Clip(expression))
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok { // @every counts from when each process began
		return Schedule{}, fault.Hintf("use a field such as */10", "schedule %s: is due at other times in each replica", fault.Clip(expression))
	}
	spec.Location = time.UTC
	const hours = 1<<24 - 1
	s := Schedule{spec: spec, zone: location, even: spec.Hour&hours == hours, named: fmt.Sprintf("%q in %s", expression, location)}
	if s.Next(time.Unix(0, 0)).IsZero() {
		return Schedule{}, fault.Hintf("name a day that there is", "schedule %s: is never due", fault.Clip(expression))
	}
	return s, nil
}

// String returns the expression and its zone, for people.
func (s Schedule) String() string { return s.named }

// Next returns the first time after t at which the task is due, in UTC.
func (s Schedule) Next(t time.Time) time.Time {
	local := t.In(s.zone)
	from := wall(local)
	for {
		start, end := local.ZoneBounds()
		if !s.even && !start.IsZero() { // what the clock showed before it was set back is not due again
			if shown := wall(start.Add(-time.Nanosecond)); from.Before(shown) {
				from = shown
			}
		}
		due := s.spec.Next(from)
		if due.IsZero() {
			return due
		}
		at := due.Add(-offset(local))
		if end.IsZero() || at.Before(end) {
			return at
		}
		next := end.In(s.zone)
		if !s.even && at.Before(end.Add(offset(next)-offset(local))) { // the clock skips it
			return end.UTC()
		}
		local, from = next, wall(next).Add(-time.Nanosecond)
	}
}

// Last returns the newest time not after t at which the task was due; zero if
// there is none in five years.
func (s Schedule) Last(t time.Time) time.Time {
	const day = 24 * time.Hour
	for _, back := range []time.Duration{5 * time.Minute, 2 * time.Hour, 2 * day, 40 * day, 400 * day, 5 * 366 * day} {
		var last time.Time
		for at := s.Next(t.Add(-back)); !at.IsZero() && !at.After(t); at = s.Next(at) {
			last = at
		}
		if !last.IsZero() {
			return last
		}
	}
	return time.Time{}
}

// wall is what the clock of t's zone shows, as a time of a clock without zones.
func wall(t time.Time) time.Time { return t.UTC().Add(offset(t)) }

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
