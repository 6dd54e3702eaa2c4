package ident_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func TestParseTenantRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, in, want string }{
		"Traversal":     {"no path leaves the folder", "../../etc", `"../../etc"`},
		"Slash":         {"one segment only", "a/b", `'/'`},
		"Escaped":       {"percent escapes are not decoded later", "%2e%2e%2f", `'%'`},
		"Dot":           {"tenant ids have no dots", "1.2", `'.'`},
		"Git":           {"Git's own folder", ".git", `'.'`},
		"GitUpper":      {"Git's own folder on other file systems", ".GIT", `'.'`},
		"GitShort":      {"Git's own folder in short form", "git~1", `'~'`},
		"Empty":         {"a name is needed", "", "empty"},
		"Long":          {"64 characters", strings.Repeat("a", 64), "64 bytes"},
		"UpperCase":     {"Tenant-A is a look-alike of tenant-a", "Tenant-A", `'T' (U+0054)`},
		"Cyrillic":      {"а is not a", "tenаnt", "U+0430"},
		"FullWidth":     {"１ is not 1", "１000", "U+FF11"},
		"RightToLeft":   {"marks that reorder text", "abc\u202edef", "U+202E"},
		"ZeroWidth":     {"invisible characters", "ab\u200bc", "U+200B"},
		"LeadingDash":   {"no option of a command", "-rf", `begins with "-"`},
		"TrailingDash":  {"DNS-1123", "a-", `ends with "-"`},
		"Newline":       {"no second line in YAML", "a\nb", `\n`},
		"NUL":           {"no end of a C string", "a\x00b", `\x00`},
		"InvalidUTF8":   {"not text", "a\xff", "not valid UTF-8"},
		"Space":         {"no second word", "a b", "' '"},
		"Template":      {"no expression", "${x}", "'$'"},
		"Reserved":      {"names of sluice's own Applications", "shared", "reserved"},
		"ReservedStart": {"names of sluice's own Applications", "shared-geoip", "reserved prefix"},
		"Device":        {"a checkout on Windows", "con", "reserved"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ident.Parse[ident.TenantKind](tc.in)
			if err == nil || !got.IsZero() {
				t.Fatalf("Parse(%q) = %q, nil, want an error: %s", tc.in, got, tc.reason)
			}
			if !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "tenant id ") {
				t.Errorf("Parse(%q) error = %q, want %q in it", tc.in, err, tc.want)
			}
			for _, r := range err.Error() {
				if r < ' ' || r > '~' {
					t.Errorf("Parse(%q) error %q holds the raw character %U", tc.in, err, r)
				}
			}
			if fault.HintOf(err) == "" || fault.ClassOf(err) != fault.Person {
				t.Errorf("Parse(%q) has no hint or class", tc.in)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for _, in := range []string{"1000006", "123", "1e3", "on", "null", "true", "tenant-a", "a", "0", strings.Repeat("a", 30)} {
		if got, err := ident.Parse[ident.TenantKind](in); err != nil || got.String() != in {
			t.Errorf("Parse(%q) = %q, %v, want it as it is", in, got, err)
		}
	}
}

func TestKindsDiffer(t *testing.T) {
	if _, err := ident.Parse[ident.VersionKind]("3.10.0-133"); err != nil {
		t.Errorf("Parse(version with dots) = %v, want nil", err)
	}
	for _, in := range []string{"1..2", ".1", "1.", "1.lock", "3.10.0_133"} {
		if _, err := ident.Parse[ident.VersionKind](in); err == nil {
			t.Errorf("Parse(version %q) = nil, want an error", in)
		}
	}
	if _, err := ident.Parse[ident.ProductKind]("base"); err == nil {
		t.Error(`Parse(product "base") = nil, want an error: it is the folder beside the products`)
	}
}

// No kind takes the name of a device: each becomes a file or a folder.
func TestDevicesAreReserved(t *testing.T) {
	parse := map[string]func(string) error{
		"Tenant":      func(s string) error { _, err := ident.Parse[ident.TenantKind](s); return err },
		"Product":     func(s string) error { _, err := ident.Parse[ident.ProductKind](s); return err },
		"Version":     func(s string) error { _, err := ident.Parse[ident.VersionKind](s); return err },
		"Component":   func(s string) error { _, err := ident.Parse[ident.ComponentKind](s); return err },
		"Environment": func(s string) error { _, err := ident.Parse[ident.EnvironmentKind](s); return err },
		"Ring":        func(s string) error { _, err := ident.Parse[ident.RingKind](s); return err },
	}
	for name, parse := range parse {
		for _, s := range []string{"con", "prn", "aux", "nul", "com0", "com1", "com9", "lpt1", "lpt9"} {
			if err := parse(s); err == nil || !strings.Contains(err.Error(), "reserved") {
				t.Errorf("%s: Parse(%q) = %v, want it reserved", name, s, err)
			}
		}
		for _, s := range []string{"com", "com10", "comx", "lpt", "con1", "acon", "com-1"} {
			if err := parse(s); err != nil {
				t.Errorf("%s: Parse(%q) = %v, want nil: it is no device", name, s, err)
			}
		}
	}
	if err := parse["Version"]("com1.2"); err == nil {
		t.Error(`Parse(version "com1.2") = nil, want an error: what follows the dot does not matter to Windows`)
	}
}

// What the gate lets through is a DNS-1123 label whatever came in.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1000006", "../x", "A", "a\n", "con", "--", "x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := ident.Parse[ident.TenantKind](in)
		if err != nil {
			return
		}
		if s := n.String(); s != in || len(s) > 63 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || s[0] == '-' || s[len(s)-1] == '-' {
			t.Errorf("Parse(%q) = %q, which is no DNS-1123 label", in, s)
		}
	})
}
