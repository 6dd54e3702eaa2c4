package pack

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"testing"
)

// inflateAll decompresses with the standard library.
func inflateAll(t testing.TB, z []byte) []byte {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(z))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEncoder(t *testing.T) {
	e := newEncoder()
	inputs := map[string]string{
		"Empty": "", "One": "x", "Eight": "12345678", "Run": strings.Repeat("a", small),
		"Text": strings.Repeat("apiVersion: v1\nkind: ConfigMap\n", 20), "High": strings.Repeat("\xff\x90\x00", 50),
	}
	for n := range 600 { // every length of match, at many distances
		inputs[fmt.Sprint("Match", n)] = strings.Repeat("x", n%7) + "0123456789abcdefghij" + strings.Repeat("-", n) + "0123456789abcdefghij"[:n%20] + strings.Repeat("z", n)
	}
	for d := 1; d < small; d = d*9/8 + 1 {
		unique := make([]byte, 0, d+16)
		for i := 0; len(unique) < d; i++ {
			unique = fmt.Appendf(unique, "%d,", i*7919)
		}
		inputs[fmt.Sprint("Distance", d)] = string(unique[:d]) + string(unique[:min(d, 16)])
	}
	for name, in := range inputs {
		in = in[:min(len(in), small)]
		out := e.encode([]byte("before"), []byte(in))
		if got := inflateAll(t, out[len("before"):]); string(got) != in {
			t.Fatalf("%s: %d bytes come back as %d others", name, len(in), len(got))
		}
		if most := len(in) + 11; len(out)-len("before") > most {
			t.Errorf("%s: %d bytes grow to %d, want at most %d", name, len(in), len(out), most)
		}
	}
	if got := len(e.encode(nil, []byte(inputs["Text"]))); got > 80 {
		t.Errorf("a text that repeats 20 times takes %d bytes, want at most 80", got)
	}
}

// TestEncoderForgets checks that nothing of one input leaks into the next,
// also when the counter of positions starts again.
func TestEncoderForgets(t *testing.T) {
	e := newEncoder()
	text := []byte(strings.Repeat("the same text every time. ", 30))
	first := e.encode(nil, text)
	for _, start := range []uint32{e.start, 1<<31 - 10, 1 << 31, 1<<31 + 1} {
		e.start = start
		if got := e.encode(nil, text); !bytes.Equal(got, first) {
			t.Errorf("start %d: the same input gives other bytes", start)
		}
	}
}

func FuzzEncoder(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabc"), []byte("abcabc"))
	e := newEncoder()
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for _, in := range [][]byte{a, b, append(a, b...)} {
			in = in[:min(len(in), small)]
			if got := inflateAll(t, e.encode(nil, in)); !bytes.Equal(got, in) {
				t.Fatalf("%d bytes come back as %d others", len(in), len(got))
			}
		}
	})
}

func BenchmarkDeflate(b *testing.B) {
	data := []byte("# Rendered by sluice. Change the catalog, the fleet or the authorisation instead.\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: \"tenant-1000006\"\nlabels:\n- pairs:\n    gatorcloud.io/tenant: \"1000006\"\n  includeTemplates: true\nresources:\n- base/active\n- parameters.yaml\nreplacements:\n- path: base/replacements.yaml\ncatalog: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n")
	e := newEncoder()
	var out []byte
	for b.Loop() {
		out = e.encode(out[:0], data)
	}
	b.ReportMetric(float64(len(out))/float64(len(data)), "ratio")
}
