package chart_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/render/chart"
)

// costly are templates that would not end, or end the process.
var costly = map[string]string{
	"Until":         "{{ until 100000000 }}",
	"UntilStep":     "{{ untilStep 0 100000000 1 | len }}",
	"UntilDown":     "{{ untilStep 0 -9223372036854775807 -1 | len }}",
	"Seq":           "{{ seq 1 1 100000000 | len }}",
	"Repeat":        "{{ repeat 1000000000 \"x\" | len }}",
	"Indent":        "{{ indent 1000000000 \"x\" | len }}",
	"Nindent":       "{{ nindent 1000 (repeat 100000 \"\\n\") | len }}",
	"Printf":        "{{ printf (repeat 100000 \"%999999d\") 1 | len }}",
	"PrintfStar":    "{{ printf (repeat 100000 \"%[1]*d\") 999999 | len }}",
	"Replace":       "{{ replace \"x\" (repeat 100000 \"y\") (repeat 100000 \"x\") | len }}",
	"RegexReplace":  "{{ regexReplaceAll \"x\" (repeat 100000 \"x\") (repeat 100000 \"y\") | len }}",
	"RegexSlow":     "{{ regexMatch \"(x+x+)+y(a{900})?(b{900})?\" (repeat 1000000 \"x\") }}",
	"Join":          "{{ join (repeat 100000 \"x\") (until 100000) | len }}",
	"WrapWith":      "{{ wrapWith 1 (repeat 100000 \"x\") (repeat 100000 \"y\") | len }}",
	"Uniq":          "{{ until 100000 | uniq | len }}",
	"Range":         "{{ range 1000000000000 }}{{ end }}",
	"RangeText":     "{{ range 1000000000 }}" + strings.Repeat("x", 1000) + "{{ end }}",
	"DoubleText":    "{{ $x := \"x\" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}",
	"DoubleCat":     "{{ $x := \"x\" }}{{ range 60 }}{{ $x = cat $x $x }}{{ end }}",
	"DoubleList":    "{{ $x := list 1 }}{{ range 60 }}{{ $x = concat $x $x }}{{ end }}",
	"SharedPrint":   "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
	"SharedYAML":    "{{ $x := dict }}{{ range 60 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}{{ toYaml $x | len }}",
	"SharedCopy":    "{{ $x := dict }}{{ range 60 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}{{ deepCopy $x | len }}",
	"Compare":       "{{ $x := repeat 8000000 \"x\" }}{{ $y := repeat 8000000 \"x\" }}{{ range 1000000 }}{{ if eq $x $y }}{{ end }}{{ end }}",
	"Contains":      "{{ $x := repeat 8000000 \"x\" }}{{ range 1000000 }}{{ if contains \"y\" $x }}{{ end }}{{ end }}",
	"Cycle":         "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ $x }}",
	"CycleYAML":     "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ toYamlPretty $x }}",
	"CycleInt":      "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ int $x }}",
	"CycleEq":       "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ eq $x $x }}",
	"CycleKey":      "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ dict $x 1 }}",
	"CycleMerge":    "{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ merge (dict) $x | len }}",
	"Include":       "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}",
	"IncludeTwice":  "{{ define \"a\" }}{{ include \"b\" . }}{{ include \"b\" . }}{{ end }}{{ define \"b\" }}{{ if lt .n 40 }}{{ $_ := set . \"n\" (add1 .n) }}{{ include \"a\" . }}{{ $_ := set . \"n\" (sub .n 1) }}{{ end }}{{ end }}{{ include \"a\" (dict \"n\" 0) }}",
	"Template":      "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}",
	"TemplateTwice": "{{ define \"a\" }}{{ template \"a\" . }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}",
	"Tpl":           "{{ $x := dict \"t\" \"{{ tpl .t . }}\" }}{{ tpl $x.t $x }}",
	"TplLoop":       "{{ range 100000000 }}{{ tpl \"x\" . }}{{ end }}",
	"TplBig":        "{{ tpl (repeat 8000000 \"{{if 1}}\") . }}",
	"TplInclude":    "{{ define \"a\" }}{{ tpl \"{{ include \\\"a\\\" . }}\" . }}{{ end }}{{ include \"a\" . }}",
	"Glob":          "{{ range 100000000 }}{{ $x := $.Files.Glob \"*\" }}{{ end }}",
	"Glob Pattern":  "{{ .Files.Glob \"*a*a*a*a*a*a*a*a*a*a*a*b\" }}",
	"Password":      "{{ range 1000000 }}{{ derivePassword 1 \"long\" \"a\" \"b\" \"c\" }}{{ end }}",
}

// TestCostIsBounded gives each a few seconds and some hundred megabytes.
func TestCostIsBounded(t *testing.T) {
	short.Skip(t, "lets each take what it may")
	for name, template := range costly {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := chart.Render(t.Context(), dir(t, one(template)), release(nil))
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if err == nil || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 || fault.HintOf(err) == "" {
				t.Errorf("Render = %v with hint %q, want one short line and a hint", err, fault.HintOf(err))
			}
			if made := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 25*time.Second || made > 2048 {
				t.Errorf("Render took %s and %d MB", took, made)
			} else {
				t.Logf("%s, %d MB: %v", took, made, err)
			}
		})
	}
}

// TestContextEndsRendering stops templates that would go on for seconds.
func TestContextEndsRendering(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := chart.Render(ctx, dir(t, one("{{ range 3 }}a{{ end }}")), release(nil)); !errors.Is(err, why) {
		t.Errorf("Render = %v, want %v", err, why)
	}
	ctx, stop := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, why)
	defer stop()
	start := time.Now()
	if _, err := chart.Render(ctx, dir(t, one(costly["Range"])), release(nil)); !errors.Is(err, why) {
		t.Errorf("Render = %v after %s, want %v", err, time.Since(start), why)
	}
}
