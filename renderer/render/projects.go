package render

import (
	"context"
	"fmt"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

// Projects returns the AppProjects that bound what the environment's
// Applications may write, as a YAML stream for an administrator to apply. They
// name every kind that the catalog's versions write, so they are applied again
// before a version with another kind is granted.
func Projects(ctx context.Context, site *environments.Site, c *catalog.Catalog) ([]byte, error) {
	tenants, shared, err := base.Written(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("listing what environment %q may write: %w", site.Name, err)
	}
	return manifest.Projects(placeOf(site), manifest.Bounds{Prefix: site.NamespacePrefix, Tenants: tenants, Shared: shared, SignatureKeys: site.ArgoCD.SignatureKeys}), nil
}
