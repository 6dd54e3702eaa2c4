package render

import (
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Projects returns the AppProjects that bound what the environment's
// Applications may write, as a YAML stream for an administrator to apply.
func Projects(site *environments.Site) []byte {
	return manifest.Projects(placeOf(site), site.NamespacePrefix, site.ArgoCD.SignatureKeys...)
}
