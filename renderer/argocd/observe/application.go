package observe

import (
	"encoding/json"
	"errors"
	"time"
)

// application is what is read of an Argo CD Application. A field that is
// missing or of another type reads as empty.
type application struct {
	Metadata struct {
		Name        string            `json:"name"`
		Created     stamp             `json:"creationTimestamp"`
		Deleted     any               `json:"deletionTimestamp"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Project string `json:"project"`
		record
	} `json:"spec"`
	Operation any `json:"operation"`
	Status    struct {
		Sync struct {
			Status     string `json:"status"`
			Revision   string `json:"revision"`
			ComparedTo record `json:"comparedTo"`
		} `json:"sync"`
		Health struct {
			Status string `json:"status"`
			Since  stamp  `json:"lastTransitionTime"`
		} `json:"health"`
		ReconciledAt stamp `json:"reconciledAt"`
		Conditions   []struct {
			Type    string `json:"type"`
			Message string `json:"message"`
			Since   stamp  `json:"lastTransitionTime"`
		} `json:"conditions"`
		OperationState struct {
			Phase      string  `json:"phase"`
			Message    string  `json:"message"`
			StartedAt  stamp   `json:"startedAt"`
			FinishedAt stamp   `json:"finishedAt"`
			SyncResult *result `json:"syncResult"`
		} `json:"operationState"`
		History []struct {
			DeployedAt stamp `json:"deployedAt"`
			record
		} `json:"history"`
		Resources []resource `json:"resources"`
	} `json:"status"`
}

// record is where something came from and went to.
type record struct {
	Source      any         `json:"source"`
	Sources     any         `json:"sources"`
	Destination destination `json:"destination"`
}

type destination struct {
	Name      string `json:"name"`
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
}

// result is what an operation did.
type result struct {
	record
	Revision  string `json:"revision"`
	Resources []struct {
		Group     string `json:"group"`
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Message   string `json:"message"`
		Status    string `json:"status"`
		HookType  string `json:"hookType"`
		HookPhase string `json:"hookPhase"`
	} `json:"resources"`
}

// resource is an object of the Application. A health that is not persisted has
// no status.
type resource struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Wave      int    `json:"syncWave"`
	Health    struct {
		Status  *string `json:"status"`
		Message string  `json:"message"`
	} `json:"health"`
}

// stamp is a time in the form of the API server; any other text is none.
type stamp struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler, and never fails.
func (s *stamp) UnmarshalJSON(data []byte) error {
	const form = `"2006-01-02T15:04:05Z"`
	if t, err := time.Parse(form, string(data)); err == nil && len(data) == len(form) && t.Year() >= 1970 && t.Year() < 3000 {
		s.Time = t
	}
	return nil
}

// read decodes an Application. It fails for what is no JSON object.
func read(data []byte) (*application, error) {
	a := &application{}
	err := json.Unmarshal(data, a)
	var odd *json.UnmarshalTypeError // the rest is decoded all the same
	if errors.As(err, &odd) && odd.Field != "" {
		err = nil
	}
	return a, err
}
