package gitlab

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// maxEvent is how much of an event is read: with what is longer the branch is
// looked at in any case.
const maxEvent = 1 << 20

// Hook hears GitLab's webhooks. An event is a hint: nothing in it is believed
// but that it may be worth to look.
type Hook struct {
	secret [sha256.Size]byte
	branch string
	tell   func()
}

// NewHook returns what hears of pushes to a branch and of merge requests to it.
// The secret is the one that GitLab's webhook was given; tell must not wait.
func NewHook(secret, branch string, tell func()) (*Hook, error) {
	if len(secret) < 16 {
		return nil, fault.Hintf("openssl rand -hex 32; give the same to GitLab's webhook", "the webhook's secret: has fewer than 16 characters")
	}
	return &Hook{secret: sha256.Sum256([]byte(secret)), branch: branch, tell: tell}, nil
}

// event is what is read of a push event or a merge request event.
type event struct {
	Kind   string `json:"object_kind"`
	Ref    string `json:"ref"`
	Change struct {
		Target string `json:"target_branch"`
	} `json:"object_attributes"`
}

// ServeHTTP answers one event: 401 to whoever does not know the secret, else 200.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post events here", http.StatusMethodNotAllowed)
		return
	}
	given := sha256.Sum256([]byte(r.Header.Get("X-Gitlab-Token")))
	if subtle.ConstantTimeCompare(given[:], h.secret[:]) != 1 {
		http.Error(w, "the secret is another", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil {
		http.Error(w, "the event is cut off", http.StatusBadRequest)
		return
	}
	if len(body) > maxEvent || h.concerns(body) {
		h.tell()
	}
	_, _ = io.WriteString(w, "ok\n") // who has gone needs no answer
}

// concerns reports whether an event is about our branch.
func (h *Hook) concerns(body []byte) bool {
	var e event
	if json.Unmarshal(body, &e) != nil {
		return false
	}
	return e.Kind == "push" && e.Ref == "refs/heads/"+h.branch || e.Kind == "merge_request" && e.Change.Target == h.branch
}
