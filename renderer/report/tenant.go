package report

import "time"

// Tenant is what one tenant has, and how that is.
type Tenant struct {
	Environment string    `json:"environment"`
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Ring        string    `json:"ring"`
	At          time.Time `json:"at"`
	State       State     `json:"state"`
	// Products are by name.
	Products []Product `json:"products"`
	Sources  []Source  `json:"sources"`
}

// Product is a product of a tenant.
type Product struct {
	Name string `json:"name"`
	// Right is the state of the authorisation: active, suspended, retained, removed.
	Right string `json:"right"`
	State State  `json:"state"`
	// Wanted is the version that the ring or the pin asks for, Granted what Git
	// lets the tenant run, Running what was deployed last as far as Argo CD shows.
	Wanted  string `json:"wanted,omitempty"`
	Granted string `json:"granted,omitempty"`
	Running string `json:"running,omitempty"`
	Pin     string `json:"pin,omitempty"`
	// Since is when it came into its state.
	Since *time.Time `json:"since,omitempty"`
	// Ends is when the authorisation ends; none for no end.
	Ends *time.Time `json:"ends,omitempty"`
	// Code and Sentence are the end of the chain that Why gives; empty when all is well.
	Code     Code   `json:"code,omitempty"`
	Sentence string `json:"sentence,omitempty"`
	// Buckets are the groups in which the components of the running version start.
	Buckets []Bucket `json:"buckets,omitempty"`
	// Shared are the parts that the running version needs, by name.
	Shared []Part `json:"shared,omitempty"`
}

// Bucket is a group of components that start together.
type Bucket struct {
	Number     int        `json:"number"`
	Components []string   `json:"components"`
	State      State      `json:"state"`
	Since      *time.Time `json:"since,omitempty"`
	// Object is the first that is not healthy, with what it says.
	Object string `json:"object,omitempty"`
	Says   string `json:"says,omitempty"`
}

// Part is a shared component.
type Part struct {
	Component string `json:"component"`
	Version   string `json:"version"`
	// Sharing is environment or tenant.
	Sharing string `json:"sharing"`
	// Holders counts the other tenants, or the tenant's other products, that
	// need it; Others are the first of them.
	Holders int      `json:"holders"`
	Others  []string `json:"others,omitempty"`
}

// Row is one product of one tenant in a list.
type Row struct {
	Tenant   string     `json:"tenant"`
	Name     string     `json:"name"`
	Ring     string     `json:"ring"`
	Product  string     `json:"product"`
	Right    string     `json:"right"`
	Wanted   string     `json:"wanted,omitempty"`
	Granted  string     `json:"granted,omitempty"`
	Running  string     `json:"running,omitempty"`
	State    State      `json:"state"`
	Since    *time.Time `json:"since,omitempty"`
	Code     Code       `json:"code,omitempty"`
	Sentence string     `json:"sentence,omitempty"`
}
