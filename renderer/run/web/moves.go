package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/gatorcloud/sluice/renderer/run/web/bars"
)

const (
	// window is how far back the timeline goes.
	window = 72 * time.Hour
	// mostMoves bounds each list of moves.
	mostMoves = 100
	// mostMarks bounds the texts below the chart: the newest.
	mostMarks = 12
)

// moves is what rollouts did, and would do next.
type moves struct {
	Past, Next []Move // the newest first, the next first
	Chart      picture
	Trouble    string
}

// picture is a chart as it stands in a page.
type picture struct {
	Title string
	SVG   template.HTML
}

// draw returns a chart as part of a page. What it holds is escaped by bars.
func draw(c bars.Chart) picture {
	var b bytes.Buffer
	if err := c.SVG(&b); err != nil { // a buffer takes everything
		return picture{}
	}
	return picture{c.Title, template.HTML(b.String())} //nolint:gosec // see above
}

// moves returns the timeline of lanes; of may be nil for all moves. That it
// cannot be had spoils no page.
func (s *server) moves(r *http.Request, env Environment, lanes []report.Rollout, of func(Move) bool) moves {
	now := s.o.Now()
	m, err := env.Moves(r.Context(), now.Add(-window))
	if err != nil {
		s.o.Log.Warn("reading what moved", "error", err)
		return moves{Trouble: "What moved cannot be read: " + err.Error()}
	}
	if of != nil {
		other := func(m Move) bool { return !of(m) }
		m.Past, m.Next = slices.DeleteFunc(slices.Clone(m.Past), other), slices.DeleteFunc(slices.Clone(m.Next), other)
	}
	shown := moves{Past: slices.Clone(m.Past), Next: m.Next[:min(len(m.Next), mostMoves)], Chart: draw(timeline(m, lanes, now))}
	slices.Reverse(shown.Past)
	shown.Past = shown.Past[:min(len(shown.Past), mostMoves)]
	return shown
}

// timeline draws the last 72 hours and what comes in the next 24: a row for
// each lane that moved or will, and one for freezes.
func timeline(m Moves, lanes []report.Rollout, now time.Time) bars.Chart {
	c := bars.Chart{Title: "The last 72 hours, and the forecast", From: now.Add(-window), Now: now, To: now.Add(window / 3)}
	for _, lane := range lanes {
		if row := laneRow(m, lane, c); len(row.Bars) > 0 {
			c.Rows = append(c.Rows, row)
		}
	}
	var frozen bars.Row
	for _, f := range m.Freezes {
		if f.To.After(c.From) && f.From.Before(c.To) {
			frozen.Bars = append(frozen.Bars, bars.Bar{From: f.From, To: f.To, Health: bars.Suspended, Text: f.Reason, Title: "freeze: " + f.Reason})
		}
	}
	if frozen.Label = "freezes"; len(frozen.Bars) > 0 {
		c.Rows = append(c.Rows, frozen)
	}
	for _, one := range slices.Backward(m.Past) {
		switch rollout.What(one.Did) {
		case publish.Bumped, rollout.Back, rollout.Agreed, rollout.Hurried, rollout.Lifted:
			c.Marks = append(c.Marks, bars.Mark{At: one.At, Text: Move{Product: one.Product, Version: one.Version, Did: one.Did, Ring: one.Ring}.said()})
		}
		if len(c.Marks) == mostMarks {
			break
		}
	}
	slices.Reverse(c.Marks)
	return c
}

// laneRow draws how a ring came to what it runs: under way from a grant until
// it passed. A ring that did not move draws nothing.
func laneRow(m Moves, lane report.Rollout, c bars.Chart) bars.Row {
	row := bars.Row{Label: lane.Product + " " + lane.Ring}
	begin := func(one Move, h bars.Health) {
		if n := len(row.Bars); n > 0 {
			row.Bars[n-1].To = one.At
		}
		row.Bars = append(row.Bars, bars.Bar{From: one.At, To: c.To, Health: h, Text: one.Version, Title: one.said()})
	}
	for _, one := range slices.Concat(m.Past, m.Next) {
		if one.Product != lane.Product || one.Ring != lane.Ring && one.Ring != "" {
			continue
		}
		switch rollout.What(one.Did) {
		case rollout.Granted:
			begin(one, bars.Progressing)
		case rollout.Passed:
			begin(one, bars.Healthy)
		case rollout.Back:
			begin(one, bars.Degraded)
		}
	}
	return row
}

// said is a move in one line.
func (m Move) said() string {
	words := []string{m.Product + "=" + m.Version, m.Did, m.Ring, m.To, m.Reason}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// buckets draws since when each group of a product's components is as it is.
func buckets(p report.Product, now time.Time) picture {
	c := bars.Chart{Title: "Groups of components of " + p.Name, From: now, To: now}
	for _, b := range p.Buckets {
		row := bars.Row{Label: fmt.Sprintf("group %d", b.Number)}
		if b.Since != nil {
			health := healths[b.State]
			row.Bars = []bars.Bar{{From: *b.Since, To: now, Health: health, Text: string(b.State), Title: b.Object + " " + b.Says}}
			if b.Since.Before(c.From) {
				c.From = *b.Since
			}
		}
		c.Rows = append(c.Rows, row)
	}
	if c.From.Equal(now) { // nobody says since when
		return picture{}
	}
	return draw(c)
}

// healths are the colours of states.
var healths = map[report.State]bars.Health{
	report.Bad: bars.Degraded, report.Waiting: bars.Progressing, report.OK: bars.Healthy, report.Resting: bars.Suspended,
}
