package install_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// family is a metric that a replica serves.
type family struct {
	kind   string // counter, gauge, histogram
	labels []string
}

// scraped are the labels that Prometheus adds when it scrapes a pod through a
// ServiceMonitor.
var scraped = []string{"namespace", "pod", "job", "instance", "container", "service"}

// value is what is known of a part of an expression: the form that PromQL
// gives it, the labels that it still has and the families it comes from.
type value struct {
	form   string // scalar, vector, range
	labels []string
	kinds  []string
	bucket bool // of a histogram's buckets, as rates keep them
}

// parser reads the part of PromQL that our rules and panels use, by recursive
// descent, and refuses the rest. It checks forms as Prometheus' own parser
// does, and names against what is served.
type parser struct {
	tokens []string
	served map[string]family
}

var token = regexp.MustCompile(`\s+|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9]+(?:\.[0-9]+)?|"[^"\\]*"|\[[0-9]+[smhd]\]|=~|!~|==|!=|>=|<=|[-+*/(){},=<>]`)

// check returns what an expression gives, or why it is wrong.
func check(expr string, served map[string]family) (v value, err error) {
	p := &parser{served: served}
	rest := expr
	for rest != "" {
		at := token.FindStringIndex(rest)
		if at == nil || at[0] != 0 {
			return v, fmt.Errorf("%q is not understood", rest)
		}
		if word := strings.TrimSpace(rest[:at[1]]); word != "" {
			p.tokens = append(p.tokens, word)
		}
		rest = rest[at[1]:]
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	v = p.binary(0)
	if len(p.tokens) > 0 {
		return v, fmt.Errorf("%q is left over", strings.Join(p.tokens, " "))
	}
	if v.form == "range" {
		return v, errors.New("a range is no value")
	}
	return v, nil
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	t := p.peek()
	if t == "" {
		panic("the expression ends too early")
	}
	p.tokens = p.tokens[1:]
	return t
}

func (p *parser) want(t string) {
	if got := p.next(); got != t {
		panic(fmt.Sprintf("%q stands where %q is wanted", got, t))
	}
}

// binary reads operators of one level of precedence and those above it.
func (p *parser) binary(level int) value {
	levels := [][]string{{"==", "!=", ">", "<", ">=", "<="}, {"+", "-"}, {"*", "/"}}
	if level == len(levels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for slices.Contains(levels[level], p.peek()) {
		op := p.next()
		right := p.binary(level + 1)
		if left.form == "range" || right.form == "range" {
			panic(fmt.Sprintf("%s of a range", op))
		}
		if left.form == "vector" && right.form == "vector" && !slices.Equal(left.labels, right.labels) {
			panic(fmt.Sprintf("%s of vectors with the labels %v and %v matches nothing", op, left.labels, right.labels))
		}
		if left.form == "scalar" {
			left = right
		}
	}
	return left
}

func (p *parser) unary() value {
	word := p.next()
	switch {
	case word == "(":
		v := p.binary(0)
		p.want(")")
		return v
	case word[0] >= '0' && word[0] <= '9':
		return value{form: "scalar"}
	case slices.Contains([]string{"sum", "max", "min", "avg", "count"}, word):
		return p.aggregate()
	case p.peek() == "(":
		return p.call(word)
	}
	return p.selector(word)
}

// aggregate reads what follows sum and its like.
func (p *parser) aggregate() value {
	by := []string{}
	if p.peek() == "by" {
		p.next()
		p.want("(")
		for p.peek() != ")" {
			by = append(by, p.next())
			if p.peek() == "," {
				p.next()
			}
		}
		p.want(")")
	}
	p.want("(")
	v := p.binary(0)
	p.want(")")
	if v.form != "vector" {
		panic("an aggregation of what is no vector")
	}
	for _, l := range by {
		if !slices.Contains(v.labels, l) {
			panic(fmt.Sprintf("groups by %q, which its metrics do not have", l))
		}
	}
	slices.Sort(by)
	v.labels = by
	return v
}

// call reads a function's arguments.
func (p *parser) call(name string) value {
	p.want("(")
	var args []value
	for p.peek() != ")" {
		args = append(args, p.binary(0))
		if p.peek() == "," {
			p.next()
		}
	}
	p.want(")")
	forms := ""
	for _, a := range args {
		forms += a.form + " "
	}
	switch name + " " + forms {
	case "time ":
		return value{form: "scalar"}
	case "abs vector ", "absent vector ":
		return args[0]
	case "rate range ", "increase range ":
		v := args[0]
		if slices.Contains(v.kinds, "gauge") {
			panic(name + " of a gauge")
		}
		v.form = "vector"
		return v
	case "histogram_quantile scalar vector ":
		v := args[1]
		if !v.bucket || !slices.Contains(v.labels, "le") {
			panic("histogram_quantile of what has no buckets by le")
		}
		v.labels = slices.DeleteFunc(slices.Clone(v.labels), func(l string) bool { return l == "le" })
		return v
	}
	panic(fmt.Sprintf("%s(%s) is no function that is known", name, strings.TrimSpace(forms)))
}

// selector reads the labels and the range after a metric's name.
func (p *parser) selector(name string) value {
	f, ok := p.served[name]
	if !ok {
		panic(fmt.Sprintf("%q is no metric that is served", name))
	}
	v := value{form: "vector", labels: append(slices.Clone(f.labels), scraped...), kinds: []string{f.kind}, bucket: strings.HasSuffix(name, "_bucket")}
	if p.peek() == "{" {
		p.next()
		for p.peek() != "}" {
			label, op, text := p.next(), p.next(), p.next()
			if !slices.Contains(v.labels, label) {
				panic(fmt.Sprintf("%s has no label %q", name, label))
			}
			if !slices.Contains([]string{"=", "!=", "=~", "!~"}, op) || text[0] != '"' {
				panic(fmt.Sprintf("%s%s%s selects nothing", label, op, text))
			}
			if p.peek() == "," {
				p.next()
			}
		}
		p.want("}")
	}
	if strings.HasPrefix(p.peek(), "[") {
		p.next()
		v.form = "range"
	}
	return v
}

// The checks of rules and panels can fail, each for its reason.
func TestExpressionsAreChecked(t *testing.T) {
	served := families(t)
	for expr, shows := range map[string]string{
		`sluice_leader`:                             "",
		`absent(sluice_leader)`:                     "",
		`sum by (environment) (sluice_leader) == 0`: "",
		`time() - max by (environment) (sluice_last_success_timestamp_seconds) > 900`:                          "",
		`sum(rate(sluice_pushes_total{kind="full",environment=~"a|b"}[5m])) / 2`:                               "",
		`histogram_quantile(0.99, sum by (environment, le) (rate(sluice_change_to_push_seconds_bucket[10m])))`: "",
		`max by (environment) (sluice_watch_revision) - max by (environment) (sluice_pushed_revision)`:         "",
		`sluice_leaders`:                                          `"sluice_leaders" is no metric`,
		`sum by (enviroment) (sluice_leader)`:                     `"enviroment"`,
		`sum by (le) (sluice_leader)`:                             `"le"`,
		`sluice_leader{kind="full"}`:                              `no label "kind"`,
		`sluice_retries_total{reason="refused"`:                   "too early",
		`sum by (environment) (sluice_leader`:                     "too early",
		`sum by (environment) (sluice_leader))`:                   "left over",
		`rate(sluice_pushes_total)`:                               "no function",
		`rate(sluice_leader[5m])`:                                 "of a gauge",
		`rate(sluice_pushes_total[5 m])`:                          "not understood",
		`sluice_pushes_total[5m]`:                                 "no value",
		`sum(sluice_pushes_total[5m])`:                            "no vector",
		`sluice_pushes_total[5m] > 1`:                             "of a range",
		`histogram_quantile(0.99, rate(sluice_pushes_total[5m]))`: "no buckets",
		`histogram_quantile(0.99, sum(rate(sluice_change_to_push_seconds_bucket[5m])))`: "no buckets",
		`quantile_over(sluice_leader)`: "no function",
		`sum by (environment) (sluice_watch_revision) - sum by (pod) (sluice_leader)`: "matches nothing",
		`sluice_leader >`:   "too early",
		`sluice_leader & 1`: "not understood",
		``:                  "too early",
	} {
		_, err := check(expr, served)
		if (err == nil) != (shows == "") || err != nil && !strings.Contains(err.Error(), shows) {
			t.Errorf("check(%s) = %v, want an error that shows %q", expr, err, shows)
		}
	}
}
