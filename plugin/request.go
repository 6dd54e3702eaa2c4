package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Environment variables that Argo CD gives to a plugin.
const (
	EnvAppName    = "ARGOCD_APP_NAME"
	EnvNamespace  = "ARGOCD_APP_NAMESPACE" // of the destination, not of the Application
	EnvSourcePath = "ARGOCD_APP_SOURCE_PATH"
	EnvParameters = "ARGOCD_APP_PARAMETERS" // JSON; "null" without parameters
)

// ParameterVersions is the one parameter that sluice's Applications have: a
// map from product (or environment-shared component) to the version granted.
const ParameterVersions = "versions"

// maxParameters bounds EnvParameters; a fleet of 400 products fits.
const maxParameters = 64 << 10

// Grants are the versions that a parent grants, by product or component.
type Grants map[string]ident.Version

// Request is one directory that is to be generated.
type Request struct {
	// Dir is the Application's own directory and nothing else.
	Dir *tree.Dir
	// App, Namespace and Path are the Application that asks: its name, its
	// destination namespace and its source path. Empty values (outside of Argo
	// CD, or where Argo CD sends none) are not checked.
	App, Namespace, Path string
	// Grants is what the parent grants.
	Grants Grants
}

// NewRequest returns the request for dir that Argo CD describes in environment
// variables; env returns "" for those that are not set. It fails when the
// parameters are not those of a sluice Application.
func NewRequest(dir *tree.Dir, env func(name string) string) (Request, error) {
	grants, err := parseParameters(env(EnvParameters))
	if err != nil {
		return Request{}, because(ReasonParameters, fmt.Errorf("reading plugin parameters: %w", err))
	}
	return Request{Dir: dir, App: env(EnvAppName), Namespace: env(EnvNamespace), Path: env(EnvSourcePath), Grants: grants}, nil
}

// parameter is one entry of EnvParameters, as Argo CD writes it.
type parameter struct {
	Name   string            `json:"name"`
	String *string           `json:"string,omitempty"`
	Array  *[]string         `json:"array,omitempty"`
	Map    map[string]string `json:"map,omitempty"`
}

const hintParameters = "only the parent Application sets the parameters: change the fleet or the authorisation and let it sync"

// parseParameters reads the JSON list; absent, "null" and an empty map grant nothing.
func parseParameters(text string) (Grants, error) {
	grants := Grants{}
	if text == "" || text == "null" {
		return grants, nil
	}
	var list []parameter
	if err := strict.JSON([]byte(text), maxParameters, &list); err != nil {
		return nil, fault.Hintf(hintParameters, "%s: %w", EnvParameters, err)
	}
	for i, p := range list {
		switch {
		case p.Name != ParameterVersions:
			return nil, fault.Hintf(hintParameters, "there is no parameter %s", fault.Clip(p.Name))
		case i > 0:
			return nil, fault.Hintf(hintParameters, "parameter %q occurs twice", p.Name)
		case p.String != nil || p.Array != nil:
			return nil, fault.Hintf(hintParameters, "parameter %q is not a map", p.Name)
		}
		if err := grants.fill(p.Map); err != nil {
			return nil, fault.Hintf(hintParameters, "parameter %q: %w", p.Name, err)
		}
	}
	return grants, nil
}

// fill passes every name and version through its gate.
func (g Grants) fill(m map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if _, err := ident.Parse[ident.ProductKind](name); err != nil {
			// Environment-shared components are granted in the same way.
			if _, err := ident.Parse[ident.ComponentKind](name); err != nil {
				return err
			}
		}
		v, err := ident.Parse[ident.VersionKind](m[name])
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		g[name] = v
	}
	return nil
}

// names returns what is granted, sorted, for messages.
func (g Grants) names() string {
	if len(g) == 0 {
		return "nothing"
	}
	all := make([]string, 0, len(g))
	for name, v := range g {
		all = append(all, name+" "+v.String())
	}
	return fault.List(all)
}

// checkApp refuses a request of another Application than name, in another
// destination namespace than namespace, or from another folder than path.
func (r Request) checkApp(name, namespace, path string) error {
	const hint = "Applications are written by their parent: delete this one, or point it at its own directory"
	// An Application outside of Argo CD's own namespace is called <namespace>_<name>.
	_, bare, qualified := strings.Cut(r.App, "_")
	switch {
	case r.App != "" && r.App != name && !(qualified && bare == name):
		return refuse(ReasonApplication, hint, "directory belongs to Application %q, not to %s", name, fault.Clip(r.App))
	case r.Namespace != "" && r.Namespace != namespace:
		return refuse(ReasonApplication, hint, "Application %q goes to namespace %q, not to %s", name, namespace, fault.Clip(r.Namespace))
	case r.Path != "" && r.Path != path:
		return refuse(ReasonApplication, hint, "Application %q is rendered in %q, not in %s", name, path, fault.Clip(r.Path))
	}
	return nil
}
