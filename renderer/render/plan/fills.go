package plan

import (
	"encoding/json"
	"sync"

	"github.com/gatorcloud/sluice/catalog"
)

// fills remembers what versions make of parameters: most tenants give the same.
// It is not asked often enough of what is given once to be worth its place, so
// it forgets all when it is full.
type fills struct {
	mu    sync.RWMutex
	known map[fillKey]filled
}

type fillKey struct {
	version *catalog.Version
	given   string
}

type filled struct {
	parameters map[string]string
	err        error
}

const maxFills = 1 << 14

func newFills() *fills { return &fills{known: map[fillKey]filled{}} }

// given is what somebody gives, with a text that is equal for equal parameters.
type given struct {
	parameters map[string]any
	text       string
}

func givenOf(parameters map[string]any) given {
	if len(parameters) == 0 {
		return given{}
	}
	text, err := json.Marshal(parameters)
	if err != nil {
		return given{parameters, ""} // no value of JSON: it is not remembered
	}
	return given{parameters, string(text)}
}

// of returns the parameters of a version, complete. The caller does not change them.
func (f *fills) of(v *catalog.Version, g given) (map[string]string, error) {
	if g.parameters != nil && g.text == "" {
		return v.Fill(g.parameters)
	}
	key := fillKey{v, g.text}
	f.mu.RLock()
	out, ok := f.known[key]
	f.mu.RUnlock()
	if ok {
		return out.parameters, out.err
	}
	out.parameters, out.err = v.Fill(g.parameters)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= maxFills {
		clear(f.known)
	}
	f.known[key] = out
	return out.parameters, out.err
}
