package chart

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// What templates may call is what stands in these lists, sorted by what a call
// costs. A function of the library that is in none of them does not exist for
// templates: what a later version of it brings is not there before somebody
// looked at it. The lists are read by functions and by nothing else.

// shallowFuncs cost what their arguments measure without what is inside.
const shallowFuncs = `abbrev abbrevboth adler32sum all any append atoi b32dec b32enc b64dec b64enc base buildCustomCert
camelcase chunk clean coalesce compact concat contains decryptAES default dig dir duration empty ext first get hasKey
hasPrefix hasSuffix hello initial initials isAbs kebabcase kindIs kindOf last list lower mustAppend mustChunk mustCompact
mustFirst mustInitial mustLast mustPrepend mustPush mustRest mustReverse mustSlice nospace omit pick pluck plural prepend
push regexQuoteMeta rest reverse semver semverCompare set sha1sum sha256sum sha512sum slice snakecase split splitList splitn
substr swapcase ternary title toDecimal trim trimAll trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf
unset untitle upper urlJoin urlParse wrap`

// deepFuncs read their arguments to the bottom, those that count for the text
// of an error that nobody sees, or make something deep.
const deepFuncs = `add add1 add1f addf biggest ceil deepCopy deepEqual div divf float64 floor has int int64 max maxf merge
mergeOverwrite min minf mod mul mulf mustDeepCopy mustFromJson mustHas mustMerge mustMergeOverwrite mustToJson
mustToPrettyJson mustToRawJson mustWithout round sub subf toPrettyJson toRawJson without`

// printFuncs write their arguments as Go does.
const printFuncs = `cat quote sortAlpha squote toString toStrings`

// growingFuncs make more than they are given; cost tells how much.
const growingFuncs = `derivePassword indent join mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll
mustRegexReplaceAllLiteral mustRegexSplit mustUniq nindent regexFind regexFindAll regexMatch regexReplaceAll
regexReplaceAllLiteral regexSplit repeat replace seq uniq until untilStep wrapWith`

// impureFuncs are not functions of their arguments: they ask the cluster, the
// network, the environment, the clock, the time zone, the operating system or
// chance. Templates do not have them, in no branch and in no text for tpl; the
// list is for the message.
const impureFuncs = `ago bcrypt date dateInZone dateModify date_in_zone date_modify durationRound encryptAES env
expandenv genCA genCAWithKey
genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey getHostByName htmlDate
htmlDateInZone htpasswd lookup mustDateModify mustToDate must_date_modify now osBase osClean osDir osExt osIsAbs randAlpha
randAlphaNum randAscii randBytes randInt randNumeric shuffle toDate unixEpoch uuidv4`

// impureError says that a template does what has no fixed result.
type impureError struct{ name string }

// Error names it.
func (e *impureError) Error() string {
	return e.name + " gives another result each time"
}

// builtins names the functions of the template language itself.
func builtins() map[string]any {
	out := map[string]any{}
	for name := range strings.FieldsSeq("and call eq ge gt html index js le len lt ne not or print printf println slice urlquery") {
		out[name] = true
	}
	return out
}

// undefined is what the parser says of a function that does not exist.
var undefined = regexp.MustCompile(`function "(\w+)" not defined$`)

// impure returns the error of a parser that met an impure function.
func impure(err error) (*impureError, bool) {
	found := undefined.FindStringSubmatch(err.Error())
	if found == nil || !slices.Contains(strings.Fields(impureFuncs), found[1]) {
		return nil, false
	}
	return &impureError{fmt.Sprintf("function %q", found[1])}, true
}

// functions returns what templates may call.
func functions(m *meter) template.FuncMap {
	library := sprig.TxtFuncMap()
	out := template.FuncMap{}
	for name := range strings.FieldsSeq(shallowFuncs) {
		out[name] = metered(m, shallow, library[name])
	}
	for name := range strings.FieldsSeq(deepFuncs) {
		out[name] = metered(m, deep, library[name])
	}
	for name := range strings.FieldsSeq(printFuncs) {
		out[name] = metered(m, printing, library[name])
	}
	for name := range strings.FieldsSeq(growingFuncs) {
		out[name] = metered(m, growing(name), library[name])
	}
	for name, f := range ownShallow() {
		out[name] = metered(m, shallow, f)
	}
	for name, f := range ownDeep() {
		out[name] = metered(m, deep, f)
	}
	for name, f := range ownPrint() {
		out[name] = metered(m, printing, f)
	}
	out["dict"] = metered(m, dictCost, library["dict"])
	out["printf"] = metered(m, printfCost, fmt.Sprintf)
	for _, name := range []string{"include", "tpl"} {
		out[name] = func(string, any) (string, error) { return "", nil } // a set has its own
	}
	return out
}

// cost charges for a call before it is made, and for its result. Arguments of
// variadic functions stand there one by one.
type cost struct {
	args   func(m *meter, args []reflect.Value) error
	result func(m *meter, result reflect.Value) error
}

// free is the result that its pipe charges for.
func free(*meter, reflect.Value) error { return nil }

// metered returns f with a cost. Its parameters stay as they are, for templates
// convert arguments to them.
func metered(m *meter, c cost, f any) any {
	fn := reflect.ValueOf(f)
	t := fn.Type()
	fails := t.NumOut() == 2
	failure := reflect.TypeFor[error]()
	wrapped := reflect.FuncOf(params(t), []reflect.Type{t.Out(0), failure}, t.IsVariadic())
	return reflect.MakeFunc(wrapped, func(args []reflect.Value) []reflect.Value {
		call := fn.Call
		if t.IsVariadic() {
			call = fn.CallSlice
		}
		given := args
		if t.IsVariadic() {
			given = flat(args)
		}
		err := c.args(m, given)
		if err != nil {
			return []reflect.Value{reflect.Zero(t.Out(0)), reflect.ValueOf(&err).Elem()}
		}
		out := call(args)
		if fails && !out[1].IsNil() {
			return out
		}
		err = c.result(m, out[0])
		return []reflect.Value{out[0], reflect.ValueOf(&err).Elem()}
	}).Interface()
}

// flat returns the arguments of a variadic function one by one.
func flat(args []reflect.Value) []reflect.Value {
	last := len(args) - 1
	out := slices.Clone(args[:last])
	for i := range args[last].Len() {
		out = append(out, args[last].Index(i))
	}
	return out
}

func params(t reflect.Type) []reflect.Type {
	out := make([]reflect.Type, t.NumIn())
	for i := range out {
		out[i] = t.In(i)
	}
	return out
}

// sorted returns the keys of a map in their order.
func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
