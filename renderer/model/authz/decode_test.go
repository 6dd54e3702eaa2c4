package authz

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// names lets go-cmp compare checked names, whose field is not exported.
var names = cmp.Options{
	cmp.Comparer(func(a, b ident.Tenant) bool { return a == b }),
	cmp.Comparer(func(a, b ident.Product) bool { return a == b }),
	cmp.Comparer(func(a, b ident.Version) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

func utc(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

const (
	goodTenant        = `{"tenantId":"1000006","tenantName":"zhangyong","tenantCode":"c5cb27eb"}`
	goodAuthorisation = `{"product":"swg","version":"202","replicas":13,"storage":"80Gi","startTime":"2024-06-18T00:00:00Z","endTime":"2028-12-31T00:00:00Z","description":"ca-init 容器修改"}`
)

var (
	tenantKey        = Key{Tenant: tenantID("1000006")}
	authorisationKey = Key{Tenant: tenantID("1000006"), Product: product("swg")}
)

func TestDecodeTenant(t *testing.T) {
	longLabel := strings.Repeat("a.", 126) + "a/" + strings.Repeat("l", 63)
	for name, tc := range map[string]struct {
		reason string
		value  string
		want   Tenant
	}{
		"Plain": {"the record of the old system", goodTenant, Tenant{ID: tenantID("1000006"), Name: "zhangyong", Code: "c5cb27eb"}},
		"Labels": {"labels of Kubernetes' form, an empty value is one",
			`{"tenantId":"1000006","tenantName":"张勇","tenantCode":"1","labels":{"gatorcloud.io/tier":"gold","x":""}}`,
			Tenant{ID: tenantID("1000006"), Name: "张勇", Code: "1", Labels: map[string]string{"gatorcloud.io/tier": "gold", "x": ""}}},
		"Longest": {"as long as everything may be",
			`{"tenantId":"1000006","tenantName":"` + strings.Repeat("z", MaxText) + `","tenantCode":"` + strings.Repeat("1", maxCode) + `","labels":{"` + longLabel + `":"` + strings.Repeat("v", 63) + `"}}`,
			Tenant{ID: tenantID("1000006"), Name: strings.Repeat("z", MaxText), Code: strings.Repeat("1", maxCode), Labels: map[string]string{longLabel: strings.Repeat("v", 63)}}},
		"NoLabels": {"null and {} are no labels", `{"tenantId":"1000006","tenantName":"a b","tenantCode":"1","labels":null}`,
			Tenant{ID: tenantID("1000006"), Name: "a b", Code: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeTenant(tenantKey, []byte(tc.value))
			if err != nil {
				t.Fatalf("%s: DecodeTenant: %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, got, names); diff != "" {
				t.Errorf("%s: DecodeTenant (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestDecodeTenantRefuses(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(goodTenant, old, new, 1) }
	many := `"labels":{`
	for i := range 65 {
		many += fmt.Sprintf(`"l%d":"",`, i)
	}
	for name, tc := range map[string]struct {
		reason string
		value  string
		shows  string
	}{
		"Empty":         {"nothing", "", "is empty"},
		"Blank":         {"nothing but blanks", " \n\t", "is empty"},
		"Null":          {"JSON's nothing", " null\n", "is null"},
		"Truncated":     {"a write that was cut", goodTenant[:30], "byte 30 of 30"},
		"TwoObjects":    {"one record a key", goodTenant + goodTenant, "byte"},
		"Array":         {"no object", `[` + goodTenant + `]`, "it is a list, not a mapping"},
		"String":        {"no object", `"x"`, "is a string"},
		"Large":         {"1.5 MB", `{"tenantId":"` + strings.Repeat("a", 1500000) + `"}`, "1500015 bytes"},
		"Duplicate":     {"which one counts?", with(`{`, `{"tenantId":"1000006",`), `duplicate field "tenantId"`},
		"Unknown":       {"a field of another system", with(`{`, `{"admin":true,`), `unknown field "admin"`},
		"WrongCase":     {"JSON names are case-sensitive", with("tenantName", "TENANTNAME"), `unknown field "TENANTNAME"`},
		"HostileField":  {"a field name is a value too", with(`{`, `{"\u202e\u0000`+strings.Repeat("x", 3000)+`":1,`), `unknown field "\u202e\x00xxx`},
		"OtherTenant":   {"the key names another", with("1000006", "1000007"), `"1000007"`},
		"NumberAsID":    {"an id is a string", with(`"1000006"`, `1000006`), `tenantId: 1000006 is a number, not a string`},
		"NumberAsEmoji": {"what only JSON can say has the decoder's words", with(`"1000006"`, `1000006,"labels":{"a":"\ud83d\ude00"}`), `field "tenantId": is a number`},
		"NoID":          {"the id is missing", `{"tenantName":"a","tenantCode":"b"}`, `tenantId ""`},
		"NoName":        {"the name is missing", with("zhangyong", ""), "tenantName is empty"},
		"LongName":      {"257 bytes", with("zhangyong", strings.Repeat("z", 257)), "257 bytes"},
		"NameControl":   {"a bell", with("zhangyong", `a\u0007`), "U+0007"},
		"NameNewline":   {"two lines", with("zhangyong", `a\nb`), "U+000A"},
		"NameBidi":      {"a direction mark", with("zhangyong", "a\u202eb"), "U+202E"},
		"NameJoiner":    {"an invisible mark", with("zhangyong", "a\u200db"), "U+200D"},
		"NameSurrogate": {"half a character", with("zhangyong", `a\ud800`), "UTF-8"},
		"NotUTF8":       {"broken bytes", with("zhangyong", "a\xff"), "record is not valid UTF-8"},
		"NoCode":        {"the code is missing", with("c5cb27eb", ""), `tenantCode ""`},
		"LongCode":      {"17 characters", with("c5cb27eb", strings.Repeat("a", 17)), "17 bytes"},
		"UpperCode":     {"capitals", with("c5cb27eb", "C5"), "U+0043"},
		"CyrillicCode":  {"a look-alike", with("c5cb27eb", "\u0441b"), "U+0441"},
		"LabelsArray":   {"labels are a map", with("}", `,"labels":["a"]}`), `labels: it is a list, not a mapping`},
		"LabelNumber":   {"label values are strings", with("}", `,"labels":{"a":1}}`), `labels.a: 1 is a number`},
		"LabelKey":      {"no label name", with("}", `,"labels":{"a b":""}}`), `"a b"`},
		"LabelEmptyKey": {"no label name", with("}", `,"labels":{"":""}}`), `key ""`},
		"LabelPrefix":   {"no DNS name", with("}", `,"labels":{"Foo/a":""}}`), `"Foo/a"`},
		"LabelLongName": {"64 characters", with("}", `,"labels":{"`+strings.Repeat("a", 64)+`":""}}`), "no label name"},
		"LabelLongDNS":  {"254 characters before the slash", with("}", `,"labels":{"`+strings.Repeat("a.", 126)+`ab/c":""}}`), "no label name"},
		"LabelNoName":   {"nothing behind the slash", with("}", `,"labels":{"a.b/":""}}`), `"a.b/"`},
		"LabelValue":    {"no label value", with("}", `,"labels":{"a":"b\n"}}`), `"b\n"`},
		"LabelLong":     {"64 characters", with("}", `,"labels":{"a":"`+strings.Repeat("b", 64)+`"}}`), "no label value"},
		"LabelsMany":    {"65 of them", with("}", ","+strings.TrimSuffix(many, ",")+"}}"), "65 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeTenant(tenantKey, []byte(tc.value))
			checkRefusal(t, tc.reason, tc.shows, got, err)
		})
	}
}

func checkRefusal(t *testing.T, reason, shows string, got any, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s: decoding = %+v, want an error", reason, got)
	}
	if !strings.Contains(err.Error(), shows) {
		t.Errorf("%s: error %q, want it to show %s", reason, err, shows)
	}
	checkFault(t, err)
}

func TestDecodeAuthorisation(t *testing.T) {
	full := Authorisation{
		Product: product("swg"), Version: version("202"), Replicas: 13, Storage: "80Gi",
		StartTime: utc(2024, 6, 18), EndTime: utc(2028, 12, 31), Description: "ca-init 容器修改",
	}
	bare := Authorisation{Product: product("swg"), StartTime: utc(2024, 6, 18)}
	for name, tc := range map[string]struct {
		reason string
		value  string
		want   func(*Authorisation)
		bare   bool
	}{
		"Full":    {"the record of the old system", goodAuthorisation, func(*Authorisation) {}, false},
		"Bare":    {"everything optional left out", `{"product":"swg","startTime":"2024-06-18T00:00:00Z"}`, func(*Authorisation) {}, true},
		"Nulls":   {"null is left out", `{"product":"swg","version":null,"replicas":null,"parameters":null,"startTime":"2024-06-18T00:00:00Z","endTime":null}`, func(*Authorisation) {}, true},
		"Unicode": {"escapes are decoded", strings.Replace(goodAuthorisation, "容器", `\u5bb9\u5668`, 1), func(*Authorisation) {}, false},
		"East": {"a zone east of Greenwich, same instant", strings.Replace(goodAuthorisation, "2024-06-18T00:00:00Z", "2024-06-18T08:00:00+08:00", 1),
			func(*Authorisation) {}, false},
		"West": {"a zone west of Greenwich, fraction of a second", strings.Replace(goodAuthorisation, "2028-12-31T00:00:00Z", "2028-12-30T18:29:59.5-05:30", 1),
			func(a *Authorisation) { a.EndTime = time.Date(2028, 12, 30, 23, 59, 59, 5e8, time.UTC) }, false},
		"Instant": {"an end at the start is allowed", strings.Replace(goodAuthorisation, "2028-12-31", "2024-06-18", 1),
			func(a *Authorisation) { a.EndTime = a.StartTime }, false},
		"NumberLikeVersion": {"stays a string", strings.Replace(goodAuthorisation, `"202"`, `"1e3"`, 1),
			func(a *Authorisation) { a.Version = version("1e3") }, false},
		"MaxReplicas": {"it may scale itself", strings.Replace(goodAuthorisation, `"replicas":13`, `"replicas":13,"maxReplicas":13`, 1), func(a *Authorisation) { a.MaxReplicas = 13 }, false},
		"MaxAlone":    {"from the environment's default", strings.Replace(goodAuthorisation, `"replicas":13`, `"maxReplicas":20`, 1), func(a *Authorisation) { a.Replicas, a.MaxReplicas = 0, 20 }, false},
		"Limits":      {"calls a day and at once", strings.Replace(goodAuthorisation, `"replicas":13`, `"replicas":13,"limits":{"daily":1000000000000,"concurrent":8}`, 1), func(a *Authorisation) { a.Limits = Limits{MaxLimit, 8} }, false},
		"NoLimits":    {"nothing and null are no limit", strings.Replace(goodAuthorisation, `"replicas":13`, `"replicas":13,"limits":{"daily":0,"concurrent":null}`, 1), func(*Authorisation) {}, false},
		"Replicas":    {"the most", strings.Replace(goodAuthorisation, "13", "1000", 1), func(a *Authorisation) { a.Replicas = 1000 }, false},
		"Parameters": {"every kind of scalar; a whole float is an integer", strings.Replace(goodAuthorisation, `"replicas"`,
			`"parameters":{"a":"on","b":1,"c":2.0,"d":0.25,"e":true,"f":-1e3,"g":"","h":"9007199254740993"},"replicas"`, 1),
			func(a *Authorisation) {
				a.Parameters = map[string]any{"a": "on", "b": int64(1), "c": int64(2), "d": 0.25, "e": true, "f": int64(-1000), "g": "", "h": "9007199254740993"}
			}, false},
	} {
		t.Run(name, func(t *testing.T) {
			want := full
			if tc.bare {
				want = bare
			}
			tc.want(&want)
			got, err := DecodeAuthorisation(authorisationKey, []byte(tc.value))
			if err != nil {
				t.Fatalf("%s: DecodeAuthorisation: %v", tc.reason, err)
			}
			if diff := cmp.Diff(want, got, names); diff != "" {
				t.Errorf("%s: DecodeAuthorisation (-want +got):\n%s", tc.reason, diff)
			}
			if got.StartTime.Location() != time.UTC {
				t.Errorf("StartTime is in %v, want UTC", got.StartTime.Location())
			}
		})
	}
}

func TestDecodeAuthorisationRefuses(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(goodAuthorisation, old) {
			t.Fatalf("%q is not in the record", old)
		}
		return strings.Replace(goodAuthorisation, old, new, 1)
	}
	parameters := func(s string) string { return with(`"replicas"`, `"parameters":`+s+`,"replicas"`) }
	for name, tc := range map[string]struct {
		reason string
		value  string
		shows  string
	}{
		"Empty":             {"nothing", "", "is empty"},
		"Null":              {"JSON's nothing", "null", "is null"},
		"Truncated":         {"a write that was cut", goodAuthorisation[:40], "byte 40 of 40"},
		"Large":             {"1.5 MB", strings.Repeat(" ", 1500000) + goodAuthorisation, "at most 65536"},
		"Duplicate":         {"which one counts?", with("{", `{"replicas":1,`), `duplicate field "replicas"`},
		"DuplicateNested":   {"which one counts?", parameters(`{"a":1,"a":2}`), `duplicate field "parameters.a"`},
		"Unknown":           {"a misspelt field", with("replicas", "replica"), `unknown field "replica"`},
		"WrongCase":         {"names are case-sensitive", with("replicas", "Replicas"), `unknown field "Replicas"`},
		"OtherProduct":      {"the key names another", with(`"swg"`, `"dsa"`), `product "dsa": the key says "swg"`},
		"LookAlike":         {"not the key's product", with(`"swg"`, `"ѕwg"`), `"\u0455wg"`},
		"MaxLess":           {"fewer than the least", with(`13`, `13,"maxReplicas":12`), "maxReplicas 12: is less than replicas 13"},
		"LimitLess":         {"fewer than none", with(`13`, `13,"limits":{"daily":-1}`), "limits.daily -1: is out of range"},
		"LimitMany":         {"one too many", with(`13`, `13,"limits":{"concurrent":1000000000001}`), "limits.concurrent 1000000000001"},
		"LimitString":       {"a string", with(`13`, `13,"limits":{"daily":"9"}`), `limits.daily "9": is a string`},
		"LimitOther":        {"none that is known", with(`13`, `13,"limits":{"hourly":9}`), "hourly"},
		"LimitNumber":       {"of what", with(`13`, `13,"limits":9`), "limits"},
		"MaxMany":           {"one too many", with(`13`, `13,"maxReplicas":1001`), "maxReplicas 1001"},
		"MaxString":         {"a string", with(`13`, `13,"maxReplicas":"20"`), `maxReplicas "20": is a string`},
		"ReplicasNegative":  {"fewer than none", with("13", "-1"), "replicas -1"},
		"ReplicasMany":      {"10^12", with("13", "1000000000000"), "replicas 1000000000000"},
		"ReplicasMore":      {"one too many", with("13", "1001"), "replicas 1001"},
		"ReplicasString":    {"a string", with("13", `"13"`), `replicas "13": is a string`},
		"ReplicasFraction":  {"half a pod", with("13", "1.5"), "replicas 1.5"},
		"ReplicasWholeReal": {"written as a float", with("13", "13.0"), "replicas 13"},
		"ReplicasHuge":      {"beyond int64", with("13", strings.Repeat("9", 60)), "replicas 1e+60"},
		"ReplicasInfinite":  {"beyond float64", with("13", "1e999"), "number 1e999"},
		"ReplicasManyDigits": {"a number as long as the record", with("13", strings.Repeat("9", 5000)),
			"is a number 999"},
		"ReplicasBool":        {"no number", with("13", "true"), "replicas: is a boolean"},
		"ReplicasObject":      {"no number", with("13", `{"a":1}`), "replicas: is an object"},
		"VersionNumber":       {"a version is a string", with(`"202"`, "202"), `version: 202 is a number, not a string`},
		"VersionPath":         {"a path", with(`"202"`, `"../200"`), `version "../200"`},
		"VersionDots":         {"a path", with(`"202"`, `"2..0"`), `".."`},
		"StorageUnit":         {"no unit of Kubernetes", with("80Gi", "80GB"), `storage "80GB"`},
		"StorageSpace":        {"a space", with("80Gi", "80 Gi"), `storage "80 Gi"`},
		"StorageNegative":     {"less than nothing", with("80Gi", "-80Gi"), `storage "-80Gi"`},
		"StorageExponent":     {"Kubernetes would take it, people misread it", with("80Gi", "8e10"), `storage "8e10"`},
		"StorageMilli":        {"Kubernetes would take it, a disk cannot", with("80Gi", "80m"), `storage "80m"`},
		"StorageZero":         {"no disk", with("80Gi", "0Gi"), "out of range"},
		"StorageSmall":        {"below 1Mi", with("80Gi", "1048575"), "out of range"},
		"StorageLarge":        {"above 1Pi", with("80Gi", "1025Ti"), "out of range"},
		"StorageHuge":         {"more digits than a quantity has", with("80Gi", strings.Repeat("9", 400)+"Gi"), "no quantity"},
		"StorageNumber":       {"a quantity is a string", with(`"80Gi"`, "80"), `storage: 80 is a number, not a string`},
		"StartMissing":        {"every right has a start", with(`"startTime":"2024-06-18T00:00:00Z",`, ""), `startTime ""`},
		"StartDate":           {"no time", with("2024-06-18T00:00:00Z", "2024-06-18"), `startTime "2024-06-18"`},
		"StartNoZone":         {"which zone?", with("2024-06-18T00:00:00Z", "2024-06-18T00:00:00"), "RFC 3339"},
		"StartComma":          {"not RFC 3339", with("2024-06-18T00:00:00Z", "2024-06-18T00:00:00,5Z"), "RFC 3339"},
		"StartHour":           {"an hour of one digit", with("T00:00:00Z", "T0:00:00Z"), "RFC 3339"},
		"StartOffset":         {"an offset of 99 hours", with("2024-06-18T00:00:00Z", "2024-06-18T00:00:00+99:00"), "RFC 3339"},
		"StartImpossible":     {"no such day", with("2024-06-18", "2024-02-30"), "2024-02-30"},
		"StartNumber":         {"a time is a string", with(`"2024-06-18T00:00:00Z"`, "1718668800"), `startTime: 1718668800 is a number, not a string`},
		"StartEarly":          {"a clock that was never set", with("2024-06-18", "1970-01-01"), "year 1970"},
		"EndLate":             {"beyond four digits in UTC", with("2028-12-31T00:00:00Z", "9999-12-31T23:00:00-02:00"), "year 10000"},
		"Reversed":            {"end before start", with("2028-12-31", "2024-06-17"), `endTime "2024-06-17T00:00:00Z": is before`},
		"ReversedByZone":      {"end before start, seen in UTC only", with("2028-12-31T00:00:00Z", "2024-06-18T01:00:00+08:00"), "is before"},
		"DescriptionLong":     {"257 bytes", with("ca-init 容器修改", strings.Repeat("d", 257)), "257 bytes"},
		"DescriptionNewline":  {"two lines", with("ca-init", `a\nb`), "U+000A"},
		"DescriptionNUL":      {"a NUL", with("ca-init", `\u0000`), "U+0000"},
		"DescriptionBidi":     {"a direction mark", with("ca-init", `\u2066`), "U+2066"},
		"ParametersArray":     {"no map", parameters(`["a"]`), `parameters: it is a list, not a mapping`},
		"ParameterNested":     {"no scalar", parameters(`{"a":{"b":1}}`), `"a": is an object`},
		"ParameterList":       {"no scalar", parameters(`{"a":[1]}`), `"a": is an array`},
		"ParameterNull":       {"no scalar", parameters(`{"a":null}`), `"a": is null`},
		"ParameterName":       {"no property name", parameters(`{"a-b":1}`), `"a-b"`},
		"ParameterNamePath":   {"a path", parameters(`{"../a":1}`), `"../a"`},
		"ParameterNameCase":   {"properties begin with a small letter", parameters(`{"Ab":1}`), `"Ab"`},
		"ParameterLarge":      {"beyond exact floats", parameters(`{"a":9007199254740993}`), "9007199254740993"},
		"ParameterLargeFloat": {"beyond exact floats", parameters(`{"a":1e300}`), "1e+300"},
		"ParameterTiny":       {"not writable without exponent", parameters(`{"a":1e-300}`), "1e-300"},
		"ParameterInfinite":   {"no number", parameters(`{"a":1e999}`), "1e999"},
		"ParameterNUL":        {"ends a C string", parameters(`{"a":"b\u0000"}`), "U+0000"},
		"ParameterNewline":    {"two lines", parameters(`{"a":"b\nc: d"}`), "U+000A"},
		"ParameterLong":       {"above 4 KiB", parameters(`{"a":"` + strings.Repeat("b", 4097) + `"}`), "4097 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeAuthorisation(authorisationKey, []byte(tc.value))
			checkRefusal(t, tc.reason, tc.shows, got, err)
		})
	}
}

func TestDecodeRefusesTooManyParameters(t *testing.T) {
	var b strings.Builder
	for i := range 65 {
		fmt.Fprintf(&b, `,"p%d":1`, i)
	}
	value := `{"product":"swg","startTime":"2024-06-18T00:00:00Z","parameters":{` + b.String()[1:] + `}}`
	_, err := DecodeAuthorisation(authorisationKey, []byte(value))
	checkRefusal(t, "65 of them", "65 entries", nil, err)
}

func TestZeroKeysDecodeNothing(t *testing.T) {
	if _, err := DecodeTenant(Key{}, []byte(`{"tenantId":"","tenantName":"a","tenantCode":"b"}`)); err == nil {
		t.Error("DecodeTenant of a zero key succeeded")
	}
	if _, err := DecodeAuthorisation(tenantKey, []byte(`{"product":"","startTime":"2024-06-18T00:00:00Z"}`)); err == nil {
		t.Error("DecodeAuthorisation of a tenant's key succeeded")
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range []string{goodTenant, goodAuthorisation, "", "null", `{"product":"swg","parameters":{"a":1e3},"startTime":"2024-06-18T00:00:00+08:00"}`} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if tenant, err := DecodeTenant(tenantKey, value); err != nil {
			checkFault(t, err)
		} else if again, err := EncodeTenant(tenant); err != nil {
			t.Errorf("EncodeTenant of a decoded tenant: %v", err)
		} else if back, err := DecodeTenant(tenantKey, again); err != nil || !cmp.Equal(tenant, back, names) {
			t.Errorf("round trip of %q = %+v, %v", value, back, err)
		}
		if a, err := DecodeAuthorisation(authorisationKey, value); err != nil {
			checkFault(t, err)
		} else if again, err := EncodeAuthorisation(tenantKey.Tenant, a); err != nil {
			t.Errorf("EncodeAuthorisation of a decoded authorisation: %v", err)
		} else if back, err := DecodeAuthorisation(authorisationKey, again); err != nil || !cmp.Equal(a, back, names) {
			t.Errorf("round trip of %q = %+v, %v", value, back, err)
		}
	})
}
