package web

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// ErrNobody is in the error for a tenant of whom nothing is known.
var ErrNobody = errors.New("nothing is known of it")

// errNoPage is the answer to an address that says nothing, or nothing that the
// caller may see.
var errNoPage = fault.Hintf("begin at the list of environments", "there is no such page")

// templates are the pages. Each file is one that is executed by its name, but
// for those that define parts.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": assetPath,
	"age":   func(seconds int64) string { return (time.Duration(seconds) * time.Second).String() },
	"stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"join":  func(names []string) string { return strings.Join(names, ", ") },
}).ParseFS(files, "pages/*.html"))

// page is what every page has.
type page struct {
	Title string
	// Env is the environment; empty on pages of none.
	Env string
	// URL is the page's own, which is asked for again after a change.
	URL    string
	Search string
	// Seen is the number of the last change that is in the page.
	Seen uint64
	Body any
}

// show writes a page. It is made whole first, so that none ends halfway.
func (s *server) show(w http.ResponseWriter, status int, name string, p page) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name+".html", p); err != nil {
		s.o.Log.Error("making a page", "page", name, "error", err)
		http.Error(w, "this page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who is gone reads nothing
}

// fail shows what went wrong, as a page.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, title := http.StatusServiceUnavailable, "This cannot be shown now"
	if errors.Is(err, errNoPage) || errors.Is(err, ErrNobody) {
		status, title = http.StatusNotFound, "There is no such page"
	} else {
		w.Header().Set("Retry-After", "5")
		s.o.Log.Warn("answering a page", "path", r.URL.Path, "error", err)
	}
	s.show(w, status, "error", page{Title: title, Body: struct{ Text, Hint string }{err.Error(), fault.HintOf(err)}})
}

// in returns a page of an environment. The number of the change comes before
// the answers, so that none is missed between them.
func (s *server) in(r *http.Request, env Environment, title string) page {
	number, _ := env.Beat()
	name := env.Name.String()
	return page{Title: title + " · " + name, Env: name, URL: r.URL.RequestURI(), Seen: number}
}
