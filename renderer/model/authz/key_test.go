package authz

import (
	"strings"
	"testing"
	"unicode"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func tenantID(s string) ident.Tenant { return ident.Must[ident.TenantKind](s) }

func product(s string) ident.Product { return ident.Must[ident.ProductKind](s) }

func version(s string) ident.Version { return ident.Must[ident.VersionKind](s) }

func TestParseKey(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		key    string
		want   Key
	}{
		"Tenant":        {"the tenant's own record", "/tenant/info/1000006", Key{Tenant: tenantID("1000006")}},
		"Authorisation": {"a product of the tenant", "/tenant/info/1000006/rs/swg", Key{tenantID("1000006"), product("swg")}},
		"NumberLike":    {"an id stays the string that it is", "/tenant/info/1e3", Key{Tenant: tenantID("1e3")}},
		"BooleanLike":   {"an id stays the string that it is", "/tenant/info/on/rs/null", Key{tenantID("on"), product("null")}},
		"TenantNamedRs": {"rs is special in its own place only", "/tenant/info/rs/rs/rs", Key{tenantID("rs"), product("rs")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseKey("/tenant/info", tc.key)
			if err != nil || got != tc.want {
				t.Fatalf("%s: ParseKey(%q) = %v, %v, want %v", tc.reason, tc.key, got, err, tc.want)
			}
			if back := FormatKey("/tenant/info", got); back != tc.key {
				t.Errorf("FormatKey = %q, want %q", back, tc.key)
			}
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	const p = "/tenant/info/"
	for name, tc := range map[string]struct {
		reason string
		key    string
		shows  string // what the message must show of the value
	}{
		"DotDot":          {"a path", p + "../../etc", `".."`},
		"Slash":           {"a/b is a tenant with something behind it", p + "a/b", `"b"`},
		"Encoded":         {"percent signs are no letters", p + "%2e%2e%2f", `"%2e%2e%2f"`},
		"Git":             {"Git's own folder", p + ".git", `".git"`},
		"GitUpper":        {"Git's own folder elsewhere", p + ".GIT", `".GIT"`},
		"GitShortName":    {"Git's own folder on Windows", p + "git~1", `"git~1"`},
		"Empty":           {"no tenant", p, "empty"},
		"EmptyWithRights": {"no tenant", p + "/rs/swg", "empty"},
		"SixtyFour":       {"longer than a label's part", p + strings.Repeat("a", 64), "64 bytes"},
		"UpperCase":       {"Tenant-A beside tenant-a", p + "Tenant-A", `'T' (U+0054)`},
		"Cyrillic":        {"looks like tenant-a", p + "ten\u0430nt-a", "U+0430"},
		"Fullwidth":       {"looks like 1000006", p + "１000006", "U+FF11"},
		"RightToLeft":     {"a direction mark", p + "1000006\u202e", "U+202E"},
		"LeadingDash":     {"looks like an option", p + "-rf", `"-"`},
		"Newline":         {"would end a line", p + "1000006\n", "U+000A"},
		"NUL":             {"ends a C string", p + "1000006\x00", "U+0000"},
		"InvalidUTF8":     {"not text", p + "1000006\xff", "UTF-8"},
		"Windows":         {"a device", p + "nul", "reserved"},
		"Shared":          {"collides with shared Applications", p + "shared", "reserved"},
		"TrailingSlash":   {"not what FormatKey writes", p + "1000006/", `""`},
		"NoProduct":       {"not what FormatKey writes", p + "1000006/rs", `"rs"`},
		"EmptyProduct":    {"no product", p + "1000006/rs/", "empty"},
		"Deeper":          {"nothing lives below a product", p + "1000006/rs/swg/x", "'/'"},
		"DoubledSlash":    {"not what FormatKey writes", p + "1000006//rs/swg", `"/rs/swg"`},
		"OtherSegment":    {"only rs follows a tenant", p + "1000006/xx/swg", `"xx/swg"`},
		"ProductBase":     {"collides with the tenant's base", p + "1000006/rs/base", "reserved"},
		"ProductDotDot":   {"a path", p + "1000006/rs/..", `".."`},
		"PrefixOnly":      {"no record", "/tenant/info", "outside"},
		"PrefixLonger":    {"another prefix", "/tenant/information/1", "outside"},
		"OtherPrefix":     {"another prefix", "/elsewhere/1000006", "outside"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseKey("/tenant/info", tc.key)
			if err == nil {
				t.Fatalf("%s: ParseKey(%q) = %v, want an error", tc.reason, tc.key, got)
			}
			if !strings.Contains(err.Error(), tc.shows) {
				t.Errorf("ParseKey(%q) = %q, want it to show %s", tc.key, err, tc.shows)
			}
			checkFault(t, err)
		})
	}
}

// checkFault checks what every answer to bad input has: a hint, one line,
// nothing invisible, bounded length.
func checkFault(t *testing.T, err error) {
	t.Helper()
	if fault.HintOf(err) == "" || fault.ClassOf(err) != fault.Person {
		t.Errorf("error %q: class %v, hint %q, want person and a hint", err, fault.ClassOf(err), fault.HintOf(err))
	}
	text := err.Error()
	if len(text) > 400 {
		t.Errorf("error has %d bytes, want at most 400: %.80q", len(text), text)
	}
	for _, c := range text {
		if !unicode.IsPrint(c) {
			t.Errorf("error %+q holds %U, want printable characters", text, c)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"Empty":         {"", DefaultPrefix},
		"AsIs":          {"/tenant/info", "/tenant/info"},
		"TrailingSlash": {"/a/b//", "/a/b"},
		"Relative":      {"tenant", ""},
		"Root":          {"/", ""},
		"Doubled":       {"/a//b", ""},
		"Control":       {"/a\n", ""},
		"Long":          {"/" + strings.Repeat("a", 300), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePrefix(tc.in)
			if got != tc.want || (err == nil) != (tc.want != "") {
				t.Fatalf("ParsePrefix(%q) = %q, %v, want %q", tc.in, got, err, tc.want)
			}
			if err != nil {
				checkFault(t, err)
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	for _, k := range []string{"/tenant/info/1000006", "/tenant/info/1000006/rs/swg", "/tenant/info/../x", "/tenant/info/a\x00b", ""} {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		k, err := ParseKey(DefaultPrefix, key)
		if err != nil {
			checkFault(t, err)
			return
		}
		if back := FormatKey(DefaultPrefix, k); back != key {
			t.Errorf("FormatKey(ParseKey(%q)) = %q", key, back)
		}
		if strings.ContainsAny(k.Tenant.String()+k.Product.String(), "/\\.\x00\n ~%") {
			t.Errorf("ParseKey(%q) let %v through", key, k)
		}
	})
}
