package chart

import (
	"math"
	"reflect"
	"regexp/syntax"
	"strings"
)

// What functions cost; growing returns more.
var (
	shallow  = cost{each((*meter).surface), free}
	deep     = cost{each(bottom), bottom}
	printing = cost{each((*meter).print), free}
	dictCost = cost{func(m *meter, args []reflect.Value) error {
		for i, a := range args {
			if err := [...]func(reflect.Value) error{m.print, m.surface}[i%2](a); err != nil {
				return err
			}
		}
		return nil
	}, free}
	printfCost = cost{func(m *meter, args []reflect.Value) error {
		if err := printing.args(m, args); err != nil {
			return err
		}
		return m.spend(widths(args[0].String(), args[1:]))
	}, free}
)

func bottom(m *meter, v reflect.Value) error { return m.bottom(v, 0) }

// each charges for arguments one by one.
func each(charge func(*meter, reflect.Value) error) func(*meter, []reflect.Value) error {
	return func(m *meter, args []reflect.Value) error {
		for _, a := range args {
			if err := charge(m, a); err != nil {
				return err
			}
		}
		return nil
	}
}

// growing returns the cost of a function that makes more than it is given.
func growing(name string) cost {
	makes := sizes()[name]
	return cost{func(m *meter, args []reflect.Value) error {
		if err := printing.args(m, args); err != nil {
			return err
		}
		return m.spend(makes(args))
	}, free}
}

// sizes returns how many steps the growing functions take for arguments.
func sizes() map[string]func([]reflect.Value) int {
	length := func(v reflect.Value) int { return v.Len()/16 + 1 }
	indent := func(a []reflect.Value) int {
		return product(int(a[0].Int())/16+1, strings.Count(a[1].String(), "\n")+1)
	}
	square := func(a []reflect.Value) int {
		if l := a[0].Elem(); l.Kind() == reflect.Slice || l.Kind() == reflect.Array {
			return product(l.Len(), l.Len())
		}
		return 1
	}
	match := func(a []reflect.Value) int { return matching(a[0].String(), a[1].String()) }
	swap := func(a []reflect.Value) int {
		return matching(a[0].String(), a[1].String()) + product(a[1].Len()+1, a[2].Len()/16+1)
	}
	out := map[string]func([]reflect.Value) int{
		"derivePassword": func([]reflect.Value) int { return maxSteps / 10 },
		"indent":         indent,
		"nindent":        indent,
		"join": func(a []reflect.Value) int {
			n := 1
			if l := a[1]; !l.IsNil() && (l.Elem().Kind() == reflect.Slice || l.Elem().Kind() == reflect.Array) {
				n = l.Elem().Len()
			}
			return product(n, length(a[0]))
		},
		"mustUniq": square,
		"uniq":     square,
		"repeat":   func(a []reflect.Value) int { return product(int(a[0].Int()), a[1].Len()) / 16 },
		"replace": func(a []reflect.Value) int {
			return product(strings.Count(a[2].String(), a[0].String()), length(a[1]))
		},
		"seq":       seqLength,
		"until":     func(a []reflect.Value) int { return steps(0, a[0].Int(), 1) },
		"untilStep": func(a []reflect.Value) int { return steps(a[0].Int(), a[1].Int(), a[2].Int()) },
		"wrapWith":  func(a []reflect.Value) int { return product(a[2].Len()+1, length(a[1])) },
	}
	for _, name := range []string{"Find", "FindAll", "Match", "Split", "ReplaceAll", "ReplaceAllLiteral"} {
		f := match
		if strings.HasPrefix(name, "Replace") {
			f = swap
		}
		out["regex"+name], out["mustRegex"+name] = f, f
	}
	return out
}

// steps counts from start to stop.
func steps(start, stop, step int64) int {
	if step == 0 {
		return 0
	}
	n := math.Abs(float64(stop)-float64(start)) / math.Abs(float64(step))
	return int(min(n, math.MaxInt32)) + 1
}

// seqLength returns the steps of seq, which has one to three arguments.
func seqLength(args []reflect.Value) int {
	at := func(i int) int64 { return args[i].Int() }
	switch len(args) {
	case 1:
		return steps(1, at(0), 1)
	case 2:
		return steps(at(0), at(1), 1)
	case 3:
		return steps(at(0), at(2), at(1))
	}
	return 0
}

// matching returns the steps of a regular expression on a text: the matcher
// may be in each of its states at each byte.
func matching(expression, text string) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return len(expression)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return len(expression)
	}
	return product(len(text)+16, len(prog.Inst)) / 16
}

// widths returns the steps of the paddings that a format asks for.
func widths(format string, args []reflect.Value) int {
	total, n, verb := 0, 0, false
	for _, c := range format {
		switch {
		case c == '%':
			n, verb = 0, !verb
		case c < '0' || c > '9':
			n, verb = 0, verb && strings.ContainsRune(" +-#.*[]", c)
		case verb && n < math.MaxInt32:
			n = 10*n + int(c-'0')
			total = min(total+n, math.MaxInt32)
		}
	}
	if strings.Contains(format, "*") {
		for _, a := range args {
			var w int64
			if v := a.Elem(); v.CanInt() {
				w = v.Int()
			}
			if w < 0 {
				w = -w
			}
			total = min(total+int(min(uint64(w), math.MaxInt32)), math.MaxInt32)
		}
		total = product(total, strings.Count(format, "*"))
	}
	return total / 16
}
