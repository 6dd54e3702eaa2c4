package plugin

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// Announcement describes one parameter to Argo CD's user interface. Its JSON
// is that of Argo CD's ParameterAnnouncement.
type Announcement struct {
	Name           string            `json:"name,omitempty"`
	Title          string            `json:"title,omitempty"`
	Tooltip        string            `json:"tooltip,omitempty"`
	Required       bool              `json:"required,omitempty"`
	ItemType       string            `json:"itemType,omitempty"`
	CollectionType string            `json:"collectionType,omitempty"`
	String         string            `json:"string,omitempty"`
	Array          []string          `json:"array,omitempty"`
	Map            map[string]string `json:"map,omitempty"`
}

// Announce returns the parameters of a directory: the versions that its parent
// grants, and for an overlay the parameters that it was rendered with. They
// are for reading: a request with any other parameter than versions is refused.
// It fails when the directory has no level or was edited.
func Announce(r Request) ([]Announcement, error) {
	kind, file, err := level(r.Dir)
	if err != nil {
		return nil, err
	}
	all := []Announcement{{
		Name: ParameterVersions, Title: "Versions", CollectionType: "map", Map: r.Grants.texts(),
		Tooltip: "What the parent Application grants. To change it, bump the ring in fleet.yaml or pin the authorisation.",
	}}
	if kind != manifest.KindOverlay {
		return all, nil
	}
	o, err := readOverlay(r.Dir, file)
	if err != nil {
		return nil, fmt.Errorf("announcing parameters: %w", err)
	}
	own, err := o.parameters()
	if err != nil {
		return nil, fmt.Errorf("announcing parameters: %w", err)
	}
	return append(all, own...), nil
}

// texts returns the grants as Argo CD writes them.
func (g Grants) texts() map[string]string {
	m := make(map[string]string, len(g))
	for name, v := range g {
		m[name] = v.String()
	}
	return m
}

// maxParametersFile bounds parameters.yaml.
const maxParametersFile = 256 << 10

// parameters returns what the overlay was rendered with, sorted by name.
func (o sealed) parameters() ([]Announcement, error) {
	file, err := o.dir.Read(fileParameters)
	if err != nil {
		return nil, because(ReasonDirectory, err)
	}
	var config struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name        string            `json:"name"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Data map[string]string `json:"data"`
	}
	if err := strict.YAML(file, maxParametersFile, &config); err != nil {
		return nil, because(ReasonDirectory, fmt.Errorf("%s: %w", fileParameters, err))
	}
	site := manifest.Builtins{}.Data(nil)
	var all []Announcement
	for _, name := range slices.Sorted(maps.Keys(config.Data)) {
		tooltip := "From the authorisation or the version's default. Read-only here: change the authorisation."
		if _, ok := site[name]; ok && name != "replicas" && name != "storage" {
			tooltip = "From the environment and the tenant. Read-only here."
		}
		all = append(all, Announcement{Name: name, Title: name, Tooltip: tooltip, CollectionType: "string", String: config.Data[name]})
	}
	return all, nil
}
