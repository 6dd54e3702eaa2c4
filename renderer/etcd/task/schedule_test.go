package task

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/robfig/cron/v3"
)

func parse(t *testing.T, expression, zone string) Schedule {
	t.Helper()
	s, err := ParseSchedule(expression, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// between returns what a schedule is due at in (from, to), in its zone.
func between(next func(time.Time) time.Time, zone *time.Location, from, to time.Time) []string {
	var all []string
	for at := next(from); !at.IsZero() && at.Before(to); at = next(at) {
		all = append(all, at.In(zone).Format("02T15:04-0700"))
	}
	return all
}

// Both transitions of a year, where an hour is skipped and shown twice, half
// an hour, and midnight. naive says what the parser alone makes of it.
func TestTransitions(t *testing.T) {
	t.Parallel()
	const berlin, newYork, lordHowe, santiago = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"
	for name, tc := range map[string]struct {
		reason           string
		expression, zone string
		from, to         string
		want             []string
		naive            bool // robfig/cron with the zone says the same
	}{
		"BerlinSkipped":    {"02:30 is not there and is made up for at once", "30 2 * * *", berlin, "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z", []string{"28T03:00+0200", "29T02:30+0200"}, false},
		"BerlinSkippedTwo": {"one run makes up for all of the hour", "0,30 2 * * *", berlin, "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z", []string{"28T03:00+0200"}, false},
		"BerlinSkippedAnd": {"made up for where another is due is one", "30 2,3 * * *", berlin, "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z", []string{"28T03:00+0200", "28T03:30+0200"}, false},
		"BerlinAfter":      {"03:00 is there, and once", "0 3 * * *", berlin, "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z", []string{"28T03:00+0200", "29T03:00+0200"}, true},
		"BerlinEvery":      {"real time has no gap", "*/30 * * * *", berlin, "2027-03-28T00:00:00Z", "2027-03-28T02:01:00Z", []string{"28T01:30+0100", "28T03:00+0200", "28T03:30+0200", "28T04:00+0200"}, true},
		"BerlinHourly":     {"an hour that is not there is not made up for", "15 * * * *", berlin, "2027-03-28T00:00:00Z", "2027-03-28T02:00:00Z", []string{"28T01:15+0100", "28T03:15+0200"}, true},
		"BerlinTwice":      {"02:30 comes twice and is due once", "30 2 * * *", berlin, "2027-10-30T12:00:00Z", "2027-11-01T12:00:00Z", []string{"31T02:30+0200", "01T02:30+0100"}, false},
		"BerlinEdge":       {"02:00 is shown again at the very moment", "0 2 * * *", berlin, "2027-10-30T12:00:00Z", "2027-11-01T12:00:00Z", []string{"31T02:00+0200", "01T02:00+0100"}, false},
		"BerlinThree":      {"03:00 is shown once", "0 3 * * *", berlin, "2027-10-30T12:00:00Z", "2027-11-01T12:00:00Z", []string{"31T03:00+0100", "01T03:00+0100"}, true},
		"BerlinBoth":       {"real time has both hours", "30 * * * *", berlin, "2027-10-31T00:00:00Z", "2027-10-31T02:00:00Z", []string{"31T02:30+0200", "31T02:30+0100"}, true},
		"BerlinWithin":     {"asked in the second hour, the first was", "30 2 * * *", berlin, "2027-10-31T01:10:00Z", "2027-11-01T12:00:00Z", []string{"01T02:30+0100"}, false},
		"NewYorkSkipped":   {"the same on another day", "30 2 * * *", newYork, "2027-03-13T12:00:00Z", "2027-03-15T12:00:00Z", []string{"14T03:00-0400", "15T02:30-0400"}, false},
		"NewYorkTwice":     {"the same on another day", "30 1 * * *", newYork, "2027-11-06T12:00:00Z", "2027-11-08T12:00:00Z", []string{"07T01:30-0400", "08T01:30-0500"}, false},
		"LordHoweSkipped":  {"half an hour is skipped", "15 2 * * *", lordHowe, "2027-10-02T06:00:00Z", "2027-10-04T06:00:00Z", []string{"03T02:30+1100", "04T02:15+1100"}, false},
		"LordHoweAfter":    {"the other half is there", "45 2 * * *", lordHowe, "2027-10-02T06:00:00Z", "2027-10-04T06:00:00Z", []string{"03T02:45+1100", "04T02:45+1100"}, true},
		"LordHoweTwice":    {"half an hour is shown twice", "45 1 * * *", lordHowe, "2027-04-03T06:00:00Z", "2027-04-05T06:00:00Z", []string{"04T01:45+1100", "05T01:45+1030"}, false},
		"KolkataEven":      {"half an hour off all the year", "0 6 * * *", "Asia/Kolkata", "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z", []string{"28T06:00+0530", "29T06:00+0530"}, true},
		"SantiagoMidnight": {"a day that begins at one", "0 0 * * *", santiago, "2027-09-04T12:00:00Z", "2027-09-06T12:00:00Z", []string{"05T01:00-0300", "06T00:00-0300"}, false},
		"ApiaDay":          {"a whole day that is not there", "0 12 30 12 *", "Pacific/Apia", "2011-01-01T00:00:00Z", "2012-12-31T00:00:00Z", []string{"31T00:00+1400", "30T12:00+1400"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, tc.expression, tc.zone)
			from, to := moment(t, tc.from), moment(t, tc.to)
			if got := between(s.Next, s.zone, from, to); !slices.Equal(got, tc.want) {
				t.Errorf("%v = %v, want %v: %s", s, got, tc.want, tc.reason)
			}
			if name == "ApiaDay" {
				return // which the parser with a zone looks for without end
			}
			alone, err := cron.ParseStandard("TZ=" + tc.zone + " " + tc.expression)
			if err != nil {
				t.Fatal(err)
			}
			if got := between(alone.Next, s.zone, from, to); slices.Equal(got, tc.want) != tc.naive {
				t.Errorf("robfig/cron alone = %v, which the table says is %v: %s", got, tc.naive, tc.reason)
			}
		})
	}
}

// Last is the other side of Next, for any moment of a year.
func TestLastIsBeforeNext(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"30 2 * * *", "*/7 * * * *", "0 0 29 2 *", "0 4 * * 1", "59 23 31 12 *", "@monthly"} {
		s := parse(t, expression, "Europe/Berlin")
		for at := moment(t, "2027-01-01T00:00:00Z"); at.Year() == 2027; at = at.Add(37 * time.Hour) {
			last := s.Last(at)
			if last.IsZero() || last.After(at) || !s.Next(last).After(at) {
				t.Fatalf("%v: Last(%v) = %v, before %v", s, at, last, s.Next(last))
			}
			if got := s.Last(last); !got.Equal(last) {
				t.Fatalf("%v: Last(%v) = %v, want itself", s, last, got)
			}
		}
	}
}

func TestParseScheduleRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ reason, expression, zone string }{
		"Empty":     {"no fields", "", ""},
		"Seconds":   {"six fields", "0 30 2 * * *", ""},
		"Every":     {"replicas would not agree", "@every 10m", ""},
		"Never":     {"no such day", "0 0 30 2 *", ""},
		"Zone":      {"the zone has its own place", "TZ=Europe/Berlin 30 2 * * *", ""},
		"ZoneAlone": {"which the parser does not survive", "TZ=UTC", ""},
		"Nowhere":   {"no such zone", "30 2 * * *", "Europe/Atlantis"},
		"Local":     {"replicas may differ", "30 2 * * *", "Local"},
		"Range":     {"no such minute", "60 2 * * *", ""},
	} {
		if s, err := ParseSchedule(tc.expression, tc.zone); err == nil {
			t.Errorf("%s: ParseSchedule(%q, %q) = %v, want an error: %s", name, tc.expression, tc.zone, s, tc.reason)
		}
	}
}
