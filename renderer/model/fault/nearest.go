package fault

import "fmt"

// DidYouMean returns the hint that names the candidate which s seems to be
// misspelt from, and the other hint when there is none.
func DidYouMean(s string, candidates []string, other string) string {
	if near := Nearest(s, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return other
}

// Nearest returns the candidate that is most like s, and "" when none is
// close enough to be a misspelling. Long names are nobody's misspelling, and
// s may be hostile.
func Nearest(s string, candidates []string) string {
	if len(s) > 64 {
		return ""
	}
	best, least := "", min(len(s)/3+2, len(s)) // a word of other letters throughout is another word
	for _, c := range candidates {
		if d := distance(s, c); d < least || d == least && best != "" && c < best {
			best, least = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
