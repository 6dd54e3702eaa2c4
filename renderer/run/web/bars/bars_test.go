package bars_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/run/web/bars"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// drawn returns the texts and the classes of a picture that is well-formed.
func drawn(t *testing.T, c bars.Chart) (texts, classes []string) {
	t.Helper()
	var out bytes.Buffer
	if err := c.SVG(&out); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(&out)
	for inside := false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, classes
		}
		if err != nil {
			t.Fatalf("SVG() is not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			inside = e.Name.Local == "text"
			for _, a := range e.Attr {
				if a.Name.Local == "class" && e.Name.Local == "rect" {
					classes = append(classes, a.Value)
				}
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("SVG() has the attribute %q, which a page forbids", a.Name.Local)
				}
			}
		case xml.CharData:
			if inside {
				texts = append(texts, string(e))
			}
		case xml.EndElement:
			inside = false
		}
	}
}

func TestSVG(t *testing.T) {
	hostile := "</svg><script>alert(1)</script>\x00\"'"
	for name, tc := range map[string]struct {
		reason  string
		chart   bars.Chart
		texts   []string
		classes []string
	}{
		"Empty": {"nothing has happened yet", bars.Chart{Title: "none"}, []string{"none"}, nil},
		"Hostile": {"text stays text", bars.Chart{Title: hostile, From: noon, To: noon.Add(time.Hour),
			Rows:  []bars.Row{{Label: hostile, Bars: []bars.Bar{{From: noon, To: noon.Add(time.Hour), Health: "x", Text: "203", Title: hostile}}}},
			Marks: []bars.Mark{{At: noon, Text: hostile}}},
			[]string{strings.ReplaceAll(hostile, "\x00", "\ufffd"), "203"}, []string{"unknown"}},
		"Days":    {"the time of the day at the axis", bars.Chart{From: noon, To: noon.Add(72 * time.Hour)}, []string{"Mon 12:00", "Thu 00:00"}, nil},
		"Elapsed": {"a test began at zero", bars.Chart{From: noon, To: noon.Add(100 * time.Second), Elapsed: true}, []string{"0s", "1m40s"}, nil},
		"Forecast": {"what is to come is pale", bars.Chart{From: noon, To: noon.Add(2 * time.Hour), Now: noon.Add(time.Hour),
			Rows: []bars.Row{{Bars: []bars.Bar{{From: noon, To: noon.Add(time.Hour), Health: bars.Healthy}, {From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour), Health: bars.Progressing}}}}},
			nil, []string{"healthy", "progressing forecast"}},
		"Through": {"a state that lasts is pale from now on", bars.Chart{From: noon, To: noon.Add(2 * time.Hour), Now: noon.Add(time.Hour),
			Rows: []bars.Row{{Bars: []bars.Bar{{From: noon, To: noon.Add(2 * time.Hour), Health: bars.Healthy, Text: "203"}}}}},
			[]string{"203"}, []string{"healthy forecast", "healthy"}},
		"Beyond": {"a bar ends where the axis does", bars.Chart{From: noon, To: noon.Add(time.Hour),
			Rows: []bars.Row{{Bars: []bars.Bar{{From: noon.Add(-time.Hour), To: noon.Add(24 * time.Hour), Health: bars.Degraded, Text: "all of it"}}}}},
			[]string{"all of it"}, []string{"degraded"}},
	} {
		t.Run(name, func(t *testing.T) {
			texts, classes := drawn(t, tc.chart)
			for _, want := range tc.texts {
				if !slices.Contains(texts, want) {
					t.Errorf("SVG() has the texts %q, want %q among them: %s", texts, want, tc.reason)
				}
			}
			legend := 7 // the paper, and a box for each colour
			if got := classes[legend:]; !slices.Equal(got, tc.classes) && len(got)+len(tc.classes) > 0 {
				t.Errorf("SVG() has bars of class %q, want %q: %s", got, tc.classes, tc.reason)
			}
		})
	}
}
