package ident

import (
	"cmp"
	"strings"
)

// CompareVersions orders versions naturally: runs of digits as numbers, all
// else bytewise, so 9 is before 10 and 3.9.1 before 3.10.0. It is 0 for equal
// strings only.
func CompareVersions(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if c := compareRun(&x, &y); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	return strings.Compare(a, b) // 01 and 1
}

// compareRun compares and cuts the first run of digits of both, or the first byte.
func compareRun(x, y *string) int {
	m, n := digits(*x), digits(*y)
	if m == 0 || n == 0 {
		c := cmp.Compare((*x)[0], (*y)[0])
		*x, *y = (*x)[1:], (*y)[1:]
		return c
	}
	p, q := strings.TrimLeft((*x)[:m], "0"), strings.TrimLeft((*y)[:n], "0")
	*x, *y = (*x)[m:], (*y)[n:]
	if c := cmp.Compare(len(p), len(q)); c != 0 {
		return c
	}
	return strings.Compare(p, q)
}

// digits returns the length of the run of digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
