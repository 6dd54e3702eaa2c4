package gitlabtest

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pagesPath is where a project's pages of merge requests begin.
const pagesPath = "/-/merge_requests"

// pages are what a browser shows: all merge requests, or one with its notes and
// the buttons that people press. Texts are shown as they were written.
var pages = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title>
<style>body{font:1rem/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem} pre{white-space:pre-wrap;border-left:.2rem solid #8888;padding-left:1rem}</style></head>
<body><p><a href="{{.List}}">Merge requests</a></p><h1>{{.Title}}</h1>
{{range .All}}<p><a href="{{$.List}}/{{.Number}}">!{{.Number}} {{.Title}}</a> ({{.State}})</p>
{{else}}{{with .One}}<p>{{.State}}: {{.Source}} into main</p>
<form method="post">{{if eq .State "opened"}}<button formaction="{{$.List}}/{{.Number}}/merge">Merge</button>{{end}}
{{if eq .State "merged"}}<button formaction="{{$.List}}/{{.Number}}/revert">Revert</button>{{end}}</form>
<pre>{{.Description}}</pre>{{range .Notes}}<h2>{{.By}}</h2><pre>{{.Body}}</pre>{{end}}{{else}}<p>There is none.</p>{{end}}{{end}}
</body></html>
`))

// shown is what a page shows.
type shown struct {
	Title, List string
	All         []MergeRequest
	One         *MergeRequest
}

// page serves a page, or does what a button on one asks for.
func (s *Server) page(w http.ResponseWriter, r *http.Request, rest string) {
	s.mu.Lock()
	s.asked(r)
	s.mu.Unlock()
	number, button, _ := strings.Cut(strings.Trim(rest, "/"), "/")
	p := shown{Title: s.o.Project, List: s.o.Path + "/" + s.o.Project + pagesPath}
	all := s.MergeRequests()
	slices.Reverse(all)
	if number == "" {
		p.All = all
	} else {
		i := slices.IndexFunc(all, func(m MergeRequest) bool { return strconv.FormatInt(m.Number, 10) == number })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		p.One = &all[i]
		p.Title = fmt.Sprintf("!%d %s", p.One.Number, p.One.Title)
	}
	switch {
	case r.Method == http.MethodPost && p.One != nil:
		s.press(w, r, p, button)
	case r.Method == http.MethodGet && button == "":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = pages.Execute(w, p) // who has gone needs no page
	default:
		http.NotFound(w, r)
	}
}

// press does what a button says, and shows the merge request that it is about then.
func (s *Server) press(w http.ResponseWriter, r *http.Request, p shown, button string) {
	var err error
	at := p.One.Number
	switch button {
	case "merge":
		err = s.Merge(at, s.o.Person)
	case "revert":
		at, err = s.Revert(at, s.o.Person)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("%s/%d", p.List, at), http.StatusSeeOther) //nolint:gosec // a path of ours and a number
}
