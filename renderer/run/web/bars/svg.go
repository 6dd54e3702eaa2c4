package bars

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	mostLabel  = 380
	chartWidth = 900
	rowHeight  = 18
	laneHeight = 12
	headHeight = 64
	margin     = 16
)

// SVG draws the chart.
func (c Chart) SVG(w io.Writer) error {
	d := drawing{out: bufio.NewWriter(w), Chart: c, label: c.labelWidth(), bottom: headHeight + len(c.Rows)*rowHeight}
	if !d.To.After(d.From) {
		d.To = d.From.Add(time.Second)
	}
	lanes, count := d.lanes()
	d.open(count)
	d.axis()
	for i, r := range c.Rows {
		d.row(i, r)
	}
	for i, m := range c.Marks {
		d.mark(m, lanes[i])
	}
	if !c.Now.IsZero() {
		x := d.x(c.Now)
		d.put(`<line class="now" x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#cf222e" stroke-width="1.5"><title>now</title></line>`, x, headHeight-4, x, d.bottom)
	}
	d.put("</svg>\n")
	return d.out.Flush()
}

// textWidth is about how wide a text is: no font is at hand to ask.
func textWidth(text string) int { return 6 * utf8.RuneCountInString(text) }

// labelWidth is what the longest label takes.
func (c Chart) labelWidth() int {
	width := 0
	for _, r := range c.Rows {
		width = max(width, textWidth(r.Label)+2*margin)
	}
	return min(width, mostLabel)
}

type drawing struct {
	Chart
	out           *bufio.Writer
	label, bottom int
}

func (d *drawing) put(format string, args ...any) { fmt.Fprintf(d.out, format, args...) }

// x returns where a moment is drawn; what is beyond the axis is at its end.
func (d *drawing) x(at time.Time) float64 {
	share := float64(at.Sub(d.From)) / float64(d.To.Sub(d.From))
	return float64(d.label) + chartWidth*min(max(share, 0), 1)
}

// lanes gives each mark a line of text below the chart, so that no two texts cover each other.
func (d *drawing) lanes() (lanes []int, count int) {
	var ends []float64
	for _, m := range d.Marks {
		x := d.x(m.At)
		lane := slices.IndexFunc(ends, func(end float64) bool { return end < x })
		if lane < 0 {
			lane = len(ends)
			ends = append(ends, 0)
		}
		ends[lane] = x + float64(10+textWidth(m.Text))
		lanes = append(lanes, lane)
	}
	return lanes, len(ends)
}

func (d *drawing) open(lanes int) {
	width, height := d.label+chartWidth+margin, d.bottom+margin+lanes*laneHeight
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="%s" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n",
		escape(d.Title), width, height, width, height)
	d.put(`<rect class="paper" width="100%%" height="100%%" fill="#ffffff"/>` + "\n")
	d.put(`<text x="%d" y="20" font-size="14" font-weight="bold">%s</text>`+"\n", margin, escape(d.Title))
	x := margin
	for _, c := range colours {
		d.put(`<rect class="%s" x="%d" y="30" width="10" height="10" fill="%s"/><text x="%d" y="39">%s</text>`+"\n", c.class, x, c.fill, x+14, c.health)
		x += 84
	}
}

// axis draws about ten lines at round times.
func (d *drawing) axis() {
	step := roundUp(d.To.Sub(d.From) / 10)
	at := d.From
	if !d.Elapsed {
		at = d.From.UTC().Truncate(step)
	}
	for ; !at.After(d.To); at = at.Add(step) {
		if at.Before(d.From) {
			continue
		}
		x := d.x(at)
		d.put(`<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#eaeef2"/>`, x, headHeight-4, x, d.bottom)
		anchor := "middle"
		if x > float64(d.label+chartWidth-margin) { // the last one ends where the picture does
			anchor = "end"
		}
		d.put(`<text class="axis" x="%.1f" y="%d" fill="#57606a" text-anchor="%s">%s</text>`+"\n", x, headHeight-8, anchor, d.tick(at, step))
	}
}

// tick is the text of a line of the axis.
func (d *drawing) tick(at time.Time, step time.Duration) string {
	switch {
	case d.Elapsed:
		return at.Sub(d.From).String()
	case step < time.Minute:
		return at.Format("15:04:05")
	case step < time.Hour:
		return at.Format("15:04")
	}
	return at.Format("Mon 15:04")
}

// steps are the distances of lines at the axis, in seconds.
var steps = []int{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600}

// roundUp returns the next round time that is at least as long.
func roundUp(d time.Duration) time.Duration {
	for _, s := range steps {
		if step := time.Duration(s) * time.Second; step >= d {
			return step
		}
	}
	const day = 24 * time.Hour
	return (d + day - 1).Truncate(day)
}

func (d *drawing) row(i int, r Row) {
	y := headHeight + i*rowHeight
	d.put(`<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", d.label-8, y+13, escape(r.Label))
	for _, b := range r.Bars {
		if rest := b; b.From.Before(d.Now) && b.To.After(d.Now) {
			b.To, rest.From, rest.Text = d.Now, d.Now, ""
			d.bar(y, rest)
		}
		d.bar(y, b)
	}
	d.put("\n")
}

func (d *drawing) bar(y int, b Bar) {
	x := d.x(b.From)
	width := max(d.x(b.To)-x, 1) // a state that lasted no time still leaves a mark
	class, fill := b.Health.look()
	pale := ""
	if !d.Now.IsZero() && !b.From.Before(d.Now) {
		class, pale = class+" forecast", ` fill-opacity="0.55"`
	}
	d.put(`<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"%s stroke="#ffffff" stroke-width="0.5"><title>%s</title></rect>`,
		class, x, y+2, width, rowHeight-4, fill, pale, escape(b.Title))
	if b.Text != "" && width > float64(textWidth(b.Text)+6) {
		d.put(`<text class="in" x="%.1f" y="%d" fill="#ffffff" font-size="10">%s</text>`, x+3, y+13, escape(b.Text))
	}
}

func (d *drawing) mark(m Mark, lane int) {
	x, y := d.x(m.At), d.bottom+(lane+1)*laneHeight
	d.put(`<line class="mark" x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#24292f" stroke-dasharray="3 2"><title>%s</title></line>`,
		x, headHeight-4, x, y, escape(m.Text))
	anchor, shift := "start", 3.0
	if x+float64(10+textWidth(m.Text)) > float64(d.label+chartWidth+margin) {
		anchor, shift = "end", -3.0
	}
	d.put(`<text class="mark" x="%.1f" y="%d" fill="#24292f" font-size="10" text-anchor="%s">%s</text>`+"\n", x+shift, y, anchor, escape(m.Text))
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
