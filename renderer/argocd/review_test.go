package argocd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Whose a token is and what he may see is asked of the API server, with all
// that it said of him.
func TestReview(t *testing.T) {
	for name, tc := range map[string]struct {
		reason     string
		token      string
		user       string
		may, fails bool
	}{
		"May":       {"the right user, the right Application", "alice", "alice", true, false},
		"MayNot":    {"known, and not allowed", "bob", "bob", false, false},
		"Nobody":    {"a token of nobody asks nothing more", "mallory", "", false, false},
		"NoAnswer":  {"an answer that never came allows nothing", "broken", "", false, true},
		"Forbidden": {"sluice itself may not ask", "refused", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				var body struct {
					Spec struct {
						Token, User, UID   string
						Groups             []string
						Extra              map[string][]string
						ResourceAttributes map[string]string
					}
				}
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost {
					t.Errorf("%s %s with %v, want a review", r.Method, r.URL, err)
				}
				switch {
				case body.Spec.Token == "broken":
					fmt.Fprint(w, "<html>")
				case body.Spec.Token == "refused":
					refuse(w, http.StatusForbidden)
				case strings.HasSuffix(r.URL.Path, "/authentication.k8s.io/v1/tokenreviews"):
					fmt.Fprintf(w, `{"status": {"authenticated": %t, "user": {"username": %q, "uid": "7", "groups": ["sre"], "extra": {"k": ["v"]}}}}`, body.Spec.Token != "mallory", body.Spec.Token)
				case strings.HasSuffix(r.URL.Path, "/authorization.k8s.io/v1/subjectaccessreviews"):
					asked++
					if a := body.Spec.ResourceAttributes; a["namespace"] != "argocd" || a["verb"] != "get" || a["group"] != "argoproj.io" || a["resource"] != "applications" || a["name"] != "pop" {
						t.Errorf("asked for %v, want to get the Application", a)
					}
					if body.Spec.UID != "7" || len(body.Spec.Groups) != 1 || len(body.Spec.Extra["k"]) != 1 {
						t.Errorf("asked for %+v, want all that is known of the user", body.Spec)
					}
					fmt.Fprintf(w, `{"status": {"allowed": %t}}`, body.Spec.User == "alice")
				default:
					t.Errorf("asked %s", r.URL)
				}
			})
			user, may, err := c.Review(t.Context(), tc.token, "pop")
			if user != tc.user || may != tc.may || (err != nil) != tc.fails || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("Review(%q) = %q, %t, %v, want %q, %t, an error %t: %s", tc.token, user, may, err, tc.user, tc.may, tc.fails, tc.reason)
			}
			if name == "Forbidden" && !strings.Contains(fault.HintOf(err), "system:auth-delegator") {
				t.Errorf("Review() = %v with the hint %q, want the role that is missing", err, fault.HintOf(err))
			}
			if tc.user == "" && asked > 0 {
				t.Errorf("Review(%q) asked what nobody may do", tc.token)
			}
		})
	}
}
