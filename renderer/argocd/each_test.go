package argocd_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

func TestEach(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications" || q.Get("labelSelector") != "a=b,c=d" || q.Get("limit") == "" || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("request = %s", r.URL)
		}
		if q.Get("continue") == "" {
			fmt.Fprint(w, `{"apiVersion": "x", "items": [{"n": 1}, {"n": [2, {"items": []}]}], "kind": "x", "metadata": {"continue": "more", "selfLink": [1]}}`)
			return
		}
		fmt.Fprint(w, `{"metadata": {}, "items": [{"n": 3}]}`)
	})
	var got []string
	err := argocd.Named{Client: c}.Each(t.Context(), "a=b,c=d", func(data []byte) { got = append(got, string(data)) })
	if want := []string{`{"n": 1}`, `{"n": [2, {"items": []}]}`, `{"n": 3}`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Each() saw %q, %v, want %q", got, err, want)
	}
}

// A list of which not all arrives is an error; so is what is no list.
func TestEachRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, answer string
		code           int
		class          fault.Class
	}{
		"Cut":       {"the connection ended", `{"items": [{"n": 1}`, 200, fault.Retry},
		"CutAfter":  {"there may be more pages", `{"items": [{"n": 1}]`, 200, fault.Retry},
		"NoItems":   {"nobody is not nothing", `{"metadata": {}}`, 200, fault.Retry},
		"NullItems": {"nor is null", `{"items": null}`, 200, fault.Retry},
		"Text":      {"a proxy's page", `<html>`, 200, fault.Retry},
		"Array":     {"no list of Kubernetes", `[]`, 200, fault.Retry},
		"Large":     {"no Application is as large", `{"items": [{"n": "` + strings.Repeat("x", 9<<20) + `"}]}`, 200, fault.Retry},
		"LargeRest": {"nor is what stands beside them", `{"rest": "` + strings.Repeat("x", 9<<20) + `", "items": []}`, 200, fault.Retry},
		"Forbidden": {"rights are missing", "", 403, fault.Person},
		"Expired":   {"the list has changed too much", "", 410, fault.Retry},
		"Endless":   {"every page says that there is another", `{"items": [], "metadata": {"continue": "more"}}`, 200, fault.Class(0)},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if tc.code != http.StatusOK {
					refuse(w, tc.code)
					return
				}
				fmt.Fprint(w, tc.answer)
			})
			err := argocd.Named{Client: c}.Each(t.Context(), "a=b", func([]byte) {})
			if err == nil || tc.class != 0 && fault.ClassOf(err) != tc.class || strings.Contains(err.Error(), "\n") {
				t.Errorf("Each() = %v of class %s, want %s: %s", err, fault.ClassOf(err), tc.class, tc.reason)
			}
		})
	}
}

// Many large Applications are no large one.
func TestEachOfManyLarge(t *testing.T) {
	short.Skip(t, "reads large lists")
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		one := `{"n": "` + strings.Repeat("x", 1<<20) + `"}`
		fmt.Fprint(w, `{"items": [`+strings.Repeat(one+",", 19)+one+`]}`)
	})
	n := 0
	if err := (argocd.Named{Client: c}).Each(t.Context(), "a=b", func([]byte) { n++ }); err != nil || n != 20 {
		t.Errorf("Each() saw %d, %v, want 20", n, err)
	}
}
