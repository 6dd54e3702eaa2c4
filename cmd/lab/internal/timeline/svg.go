package timeline

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/run/web/bars"
)

// Picture says how a timeline is drawn.
type Picture struct {
	Title string
	// Kinds are drawn, one row per object; empty draws Applications and what runs them, without pods.
	Kinds []string
}

// SVG draws the events: time from left to right, one row per object with its
// wave, coloured by health; what a test did stands as lines across.
func (es Events) SVG(w io.Writer, p Picture) error {
	kinds := p.Kinds
	if len(kinds) == 0 {
		kinds = []string{"Application", "Deployment", "StatefulSet", "PersistentVolumeClaim"}
	}
	return es.chart(p.Title, kinds).SVG(w)
}

// chart has one row per object, in the order of their first events. A bar ends
// where the next state begins.
func (es Events) chart(title string, kinds []string) bars.Chart {
	c := bars.Chart{Title: title, Elapsed: true}
	if len(es) == 0 {
		return c
	}
	c.From, c.To = es[0].At, es[0].At
	index := map[Object]int{}
	for _, e := range es {
		if e.At.After(c.To) {
			c.To = e.At
		}
		if e.Mark != "" {
			c.Marks = append(c.Marks, bars.Mark{At: e.At, Text: e.Mark})
			continue
		}
		if !slices.Contains(kinds, e.Object.Kind) {
			continue
		}
		i, known := index[e.Object]
		if !known {
			i = len(c.Rows)
			index[e.Object] = i
			c.Rows = append(c.Rows, bars.Row{Label: label(e)})
		}
		step(&c.Rows[i], e)
	}
	// A little more than the last event, so that its state is seen.
	length := c.To.Sub(c.From)
	c.To = c.From.Add(max(length+length/50+time.Millisecond, time.Second))
	for _, r := range c.Rows {
		for i := range r.Bars {
			b := &r.Bars[i]
			if b.To.IsZero() {
				b.To = c.To
			}
			b.Title = fmt.Sprintf("%s, %s to %s: %s", r.Label, b.From.Sub(c.From).Round(time.Millisecond), b.To.Sub(c.From).Round(time.Millisecond), b.Title)
		}
	}
	return c
}

func label(e Event) string {
	if e.State.Wave == "" {
		return e.Object.String()
	}
	return e.Object.String() + "  (wave " + e.State.Wave + ")"
}

// step ends the row's last state and begins the event's.
func step(r *bars.Row, e Event) {
	if n := len(r.Bars); n > 0 && r.Bars[n-1].To.IsZero() {
		r.Bars[n-1].To = e.At
	}
	if s := e.State; s.Health != Gone {
		r.Bars = append(r.Bars, bars.Bar{From: e.At, Health: s.Health, Text: s.Version,
			Title: strings.TrimSpace(string(s.Health) + " " + strings.TrimSpace(s.Version+" "+s.Detail))})
	}
}
