package manifest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"pgregory.net/rapid"
)

// decoded is what the strict decoder makes of a sealed file.
func decoded(file []byte) (o Overlay, ok bool) {
	_, err := Unseal(file)
	return o, err == nil && strict.YAML(file, maxDescriptor, &o) == nil
}

// drawn is any overlay that passes the gates, with any text elsewhere.
func drawn(t *rapid.T) Overlay {
	o := Overlay{
		Environment: ident.Must[ident.EnvironmentKind]("local"), Version: ident.Must[ident.VersionKind]("3.10.0-133"),
		Namespace: rapid.String().Draw(t, "namespace"), State: rapid.StringMatching(`[a-z "\\]{0,9}`).Draw(t, "state"),
		Replicas: rapid.Int().Draw(t, "replicas"), Catalog: "sha256:00", Files: "sha256:01", Base: "sha256:02",
	}
	if rapid.Bool().Draw(t, "product") {
		o.Tenant, o.Product = ident.Must[ident.TenantKind]("1000006"), ident.Must[ident.ProductKind]("swg")
	} else {
		o.Component = ident.Must[ident.ComponentKind]("license")
	}
	return o
}

// What is read as it was written is what the strict decoder reads, and plain
// descriptors are read so.
func TestReadAgreesWithDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawn(t)
		file := o.Encode()
		want, ok := decoded(file)
		if !ok {
			t.Skip("not UTF-8")
		}
		var got Overlay
		if got.read(file) && got != want {
			t.Errorf("read(%s) = %+v, want %+v", file, got, want)
		}
		if err := Decode(file, KindOverlay, &got); err != nil || got != want {
			t.Errorf("Decode(%s) = %+v, %v, want %+v", file, got, err, want)
		}
		o.Namespace, o.State = "tenant-1000006", "active"
		if !got.read(o.Encode()) {
			t.Errorf("read(%s) = false, want true", o.Encode())
		}
	})
}

// Files that no renderer wrote are left to the decoder, sealed or not.
func TestReadRefuses(t *testing.T) {
	o := Overlay{Environment: ident.Must[ident.EnvironmentKind]("local"), Version: ident.Must[ident.VersionKind]("202"),
		Component: ident.Must[ident.ComponentKind]("license"), Namespace: "local-shared", State: "active"}
	body, err := Unseal(o.Encode())
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, text string) []byte {
		if !bytes.Contains(body, []byte(old)) {
			t.Fatalf("nothing to replace in %s", body)
		}
		return Seal(bytes.Replace(bytes.Clone(body), []byte(old), []byte(text), 1))
	}
	edited := o.Encode()
	edited[len(edited)-5] ^= 1
	for name, tc := range map[string]struct {
		reason string
		file   []byte
	}{
		"Seal":          {"the seal is another's", edited},
		"OtherHeader":   {"a person wrote it", replaced("sluice.", "hand.")},
		"Twice":         {"which of the two counts?", replaced("state: \"active\"\n", "state: \"active\"\nstate: \"active\"\n")},
		"Unknown":       {"a field of a newer renderer", replaced("state:", "ring: \"main\"\nstate:")},
		"Order":         {"the writer has one order", replaced("replicas: 0\n", "")},
		"Unquoted":      {"a name may be a number", replaced(`"202"`, "202")},
		"SingleQuotes":  {"the writer has one form", replaced(`"active"`, "'active'")},
		"ManyQuotes":    {"no value at all", replaced(`"active"`, `""active""`)},
		"QuotedNumber":  {"a number is no string", replaced("replicas: 0", `replicas: "0"`)},
		"LongNumber":    {"the writer has one form", replaced("replicas: 0", "replicas: 00")},
		"Escape":        {"not Go's escape", replaced(`"active"`, `"act\u0069ve"`)},
		"NoBreak":       {"another line hides in a value", replaced(`"active"`, "\"active\u0085x: y\"")},
		"BadName":       {"does not pass the gate", replaced(`"license"`, `"../license"`)},
		"OtherKind":     {"another descriptor", replaced("kind: Overlay", "kind: Ring")},
		"Comment":       {"a person edited it", replaced("state:", "# why\nstate:")},
		"SecondNewline": {"a person edited it", replaced("state:", "\nstate:")},
		"TooLarge":      {"the bound comes first", replaced(`"active"`, `"`+strings.Repeat("a", maxDescriptor)+`"`)},
		"Empty":         {"nothing", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got Overlay
			if got.read(tc.file) || got != (Overlay{}) {
				t.Errorf("read(%.600s) = true or %+v, want false and nothing: %s", tc.file, got, tc.reason)
			}
		})
	}
	if got := (&Overlay{}); !got.read(o.Encode()) {
		t.Errorf("read(%s) = false, want true", o.Encode())
	}
}

func FuzzRead(f *testing.F) {
	o := Overlay{Environment: ident.Must[ident.EnvironmentKind]("local"), Version: ident.Must[ident.VersionKind]("202"),
		Component: ident.Must[ident.ComponentKind]("license"), Namespace: "local-shared", State: "active", Replicas: 13}
	body, err := Unseal(o.Encode())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		file := Seal(bytes.Clone(body))
		var got Overlay
		if !got.read(file) {
			return
		}
		if want, ok := decoded(file); !ok || got != want {
			t.Errorf("read(%q) = %+v, want %+v, which is good: %v", file, got, want, ok)
		}
	})
}
