package git

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reason string
		m      Message
		want   string // "" for an error
	}{
		"Subject":      {"a subject is enough", Message{Subject: "render"}, "render\n"},
		"All":          {"three paragraphs", Message{Subject: "s", Body: "body\nof two lines", Trailers: []Trailer{{"Etcd-Revision", "7"}, {"B", "c"}}}, "s\n\nbody\nof two lines\n\nEtcd-Revision: 7\nB: c\n"},
		"Folded":       {"a line end cannot make a trailer", Message{Subject: "a\nEtcd-Revision: 1", Trailers: []Trailer{{"K", "v\nOther: x\r\x00"}}}, "a Etcd-Revision: 1\n\nK: v Other: x\n"},
		"Empty":        {"git has no commit without a message", Message{Subject: " \n"}, ""},
		"BadKey":       {"a key is one word", Message{Subject: "s", Trailers: []Trailer{{"a b", "c"}}}, ""},
		"NoKey":        {"a key is one word", Message{Subject: "s", Trailers: []Trailer{{"", "c"}}}, ""},
		"ControlChars": {"a terminal must not obey them", Message{Subject: "a\x1b[31m", Body: "b\x07\x7f"}, "a[31m\n\nb\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := tc.m.encode()
			if got != tc.want || (err == nil) != (tc.want != "") {
				t.Errorf("%s: encode(%+v) = %q, %v, want %q", tc.reason, tc.m, got, err, tc.want)
			}
		})
	}
}

// TestTrailerIsThatOfGit compares with git interpret-trailers.
func TestTrailerIsThatOfGit(t *testing.T) {
	t.Parallel()
	messages := map[string]string{
		"One":      "s\n\nEtcd-Revision: 7\n",
		"Last":     "s\n\nbody\n\nX: y\netcd-revision:  8 \nEtcd-Revision: 9\n",
		"InBody":   "s\n\nEtcd-Revision: 7\n\nnot a trailer\n",
		"Subject":  "Etcd-Revision: 7\n",
		"None":     "s\n\nbody\n",
		"NotAll":   "s\n\nsome text\nEtcd-Revision 7\n",
		"TwoParas": "s\n\nA: b\n\nEtcd-Revision: 1\n",
	}
	repo := gittest.New(t)
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			out, err := gittest.TryGit(repo.Dir, []byte(m), "interpret-trailers", "--parse")
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			for line := range strings.Lines(out) {
				if k, v, _ := strings.Cut(line, ":"); strings.EqualFold(k, "Etcd-Revision") {
					want = strings.TrimSpace(v)
				}
			}
			got, ok := Head{Message: m}.Trailer("Etcd-Revision")
			if got != want || ok != (want != "") {
				t.Errorf("Trailer(Etcd-Revision) of %q = %q, %v, want %q", m, got, ok, want)
			}
		})
	}
}
