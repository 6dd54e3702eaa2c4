package report

import "time"

// Why is the chain from what is wanted of a tenant's product to what stands in
// the way, the deepest cause last.
type Why struct {
	Environment string    `json:"environment"`
	Tenant      string    `json:"tenant"`
	Product     string    `json:"product"`
	At          time.Time `json:"at"`
	State       State     `json:"state"`
	Links       []Link    `json:"links"`
	Sources     []Source  `json:"sources"`

	object *Object // at the end of the chain
}

// Link is one step of the chain.
type Link struct {
	Code Code `json:"code"`
	// Sentence says it with the names of this case. It holds text of others,
	// which is hostile.
	Sentence string `json:"sentence"`
	// Object is what it is about: Application pop-1000006-swg, Pod ns/name, ring main.
	Object string     `json:"object,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	// Until is when it ends by itself.
	Until *time.Time `json:"until,omitempty"`
	// Command is what to type next; empty when there is nothing to do but wait.
	Command string `json:"command,omitempty"`
}

// Cause returns the deepest link.
func (w Why) Cause() Link {
	if len(w.Links) == 0 {
		return Link{}
	}
	return w.Links[len(w.Links)-1]
}
