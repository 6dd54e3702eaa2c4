package timeline

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Picture says how a timeline is drawn.
type Picture struct {
	Title string
	// Kinds are drawn, one row per object; empty draws Applications and what runs them, without pods.
	Kinds []string
}

const (
	labelWidth = 380
	chartWidth = 900
	rowHeight  = 18
	laneHeight = 12
	headHeight = 64
	margin     = 16
)

func colour(h Health) string {
	switch h {
	case Healthy:
		return "#2da44e"
	case Progressing:
		return "#54aeff"
	case Degraded:
		return "#cf222e"
	case Suspended:
		return "#8250df"
	case Deleting:
		return "#bf8700"
	default:
		return "#d0d7de"
	}
}

// row is one object and its states over time.
type row struct {
	object Object
	wave   string
	bars   []bar
}

type bar struct {
	from, to time.Duration
	state    State
}

// rows turns events into one row per object, in the order of their first events. A bar ends where the next state begins.
func (es Events) rows(kinds []string) (rows []row, marks Events, end time.Duration) {
	index := map[Object]int{}
	for _, e := range es {
		at := e.At.Sub(es[0].At)
		end = max(end, at)
		if e.Mark != "" {
			marks = append(marks, e)
			continue
		}
		if !slices.Contains(kinds, e.Object.Kind) {
			continue
		}
		i, known := index[e.Object]
		if !known {
			i = len(rows)
			index[e.Object] = i
			rows = append(rows, row{object: e.Object, wave: e.State.Wave})
		}
		rows[i].step(at, e.State)
	}
	// A little more than the last event, so that its state is seen.
	end += end/50 + time.Millisecond
	for i := range rows {
		rows[i].step(end, State{Health: Gone})
	}
	return rows, marks, end
}

func (r *row) step(at time.Duration, s State) {
	if n := len(r.bars); n > 0 && r.bars[n-1].to < 0 {
		r.bars[n-1].to = at
	}
	if s.Health != Gone {
		r.bars = append(r.bars, bar{from: at, to: -1, state: s})
	}
}

// SVG draws the events: time from left to right, one row per object with its
// wave, coloured by health; what a test did stands as lines across.
func (es Events) SVG(w io.Writer, p Picture) error {
	kinds := p.Kinds
	if len(kinds) == 0 {
		kinds = []string{"Application", "Deployment", "StatefulSet", "PersistentVolumeClaim"}
	}
	rows, marks, end := es.rows(kinds)
	d := drawing{out: bufio.NewWriter(w), end: max(end, time.Second), bottom: headHeight + len(rows)*rowHeight}
	lanes, count := d.lanes(es, marks)
	d.open(p.Title, count)
	d.axis()
	for i, r := range rows {
		d.row(i, r)
	}
	for i, m := range marks {
		d.mark(m.At.Sub(es[0].At), m.Mark, lanes[i])
	}
	d.put("</svg>\n")
	return d.out.Flush()
}

type drawing struct {
	out    *bufio.Writer
	end    time.Duration
	bottom int
}

func (d drawing) put(format string, args ...any) { fmt.Fprintf(d.out, format, args...) }

func (d drawing) x(at time.Duration) float64 {
	return labelWidth + chartWidth*float64(at)/float64(d.end)
}

// lanes gives each mark a line of text below the chart, so that no two texts cover each other.
func (d drawing) lanes(es, marks Events) (lanes []int, count int) {
	var ends []float64
	for _, m := range marks {
		x := d.x(m.At.Sub(es[0].At))
		lane := slices.IndexFunc(ends, func(end float64) bool { return end < x })
		if lane < 0 {
			lane = len(ends)
			ends = append(ends, 0)
		}
		ends[lane] = x + markWidth(m.Mark)
		lanes = append(lanes, lane)
	}
	return lanes, len(ends)
}

// markWidth is about how wide the text is: no font is at hand to ask.
func markWidth(text string) float64 { return float64(10 + 6*len(text)) }

func (d drawing) open(title string, lanes int) {
	width, height := labelWidth+chartWidth+margin, d.bottom+margin+lanes*laneHeight
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", width, height, width, height)
	d.put(`<rect width="100%%" height="100%%" fill="#ffffff"/>` + "\n")
	d.put(`<text x="%d" y="20" font-size="14" font-weight="bold">%s</text>`+"\n", margin, escape(title))
	x := margin
	for _, h := range []Health{Progressing, Healthy, Degraded, Suspended, Deleting, Unknown} {
		d.put(`<rect x="%d" y="30" width="10" height="10" fill="%s"/><text x="%d" y="39">%s</text>`+"\n", x, colour(h), x+14, h)
		x += 84
	}
}

// axis draws about ten lines at round numbers of seconds.
func (d drawing) axis() {
	step := roundUp(d.end / 10)
	for at := time.Duration(0); at <= d.end; at += step {
		x := d.x(at)
		d.put(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#eaeef2"/>`, x, headHeight-4, x, d.bottom)
		d.put(`<text x="%.1f" y="%d" fill="#57606a" text-anchor="middle">%s</text>`+"\n", x, headHeight-8, at)
	}
}

// roundUp returns the next of 1, 2, 5, 10, 20, 50... seconds.
func roundUp(d time.Duration) time.Duration {
	power := math.Pow(10, math.Floor(math.Log10(max(d.Seconds(), 1))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if step := time.Duration(factor*power) * time.Second; step >= d {
			return step
		}
	}
	return d
}

func (d drawing) row(i int, r row) {
	y := headHeight + i*rowHeight
	label := r.object.String()
	if r.wave != "" {
		label += "  (wave " + r.wave + ")"
	}
	d.put(`<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-8, y+13, escape(label))
	for _, b := range r.bars {
		x := d.x(b.from)
		// A state that lasted no time still leaves a mark.
		width := max(d.x(b.to)-x, 1)
		text := strings.TrimSpace(b.state.Version + " " + b.state.Detail)
		d.put(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" stroke="#ffffff" stroke-width="0.5"><title>%s</title></rect>`,
			x, y+2, width, rowHeight-4, colour(b.state.Health), escape(fmt.Sprintf("%s, %s to %s: %s %s",
				r.object, b.from.Round(time.Millisecond), b.to.Round(time.Millisecond), b.state.Health, text)))
		if b.state.Version != "" && width > float64(7*len(b.state.Version)) {
			d.put(`<text x="%.1f" y="%d" fill="#ffffff" font-size="10">%s</text>`, x+3, y+13, escape(b.state.Version))
		}
	}
	d.put("\n")
}

func (d drawing) mark(at time.Duration, text string, lane int) {
	x, y := d.x(at), d.bottom+(lane+1)*laneHeight
	d.put(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#24292f" stroke-dasharray="3 2"><title>%s</title></line>`,
		x, headHeight-4, x, y, escape(text))
	anchor, shift := "start", 3.0
	if x+markWidth(text) > labelWidth+chartWidth+margin {
		anchor, shift = "end", -3.0
	}
	d.put(`<text x="%.1f" y="%d" fill="#24292f" font-size="10" text-anchor="%s">%s</text>`+"\n", x+shift, y, anchor, escape(text))
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
