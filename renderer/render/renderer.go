package render

import (
	"crypto/ed25519"
	"runtime"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Memory is what the last commit holds of an environment.
type Memory interface {
	facts.Memory
	claims
	// Folder returns a folder of the environment as it stands; nil if there is none.
	Folder(path string) (*tree.Dir, error)
}

// claims is what the last commit holds of volumes.
type claims interface {
	// Volumes returns what the overlays of the versions in a folder give to
	// claims, which the parameters in sizes size.
	Volumes(path string, sizes []string) (plan.Volumes, error)
	// Products returns the versions of each product in a tenant's folder that he
	// has no more.
	Products(id ident.Tenant, has func(ident.Product) bool) (map[ident.Product][]ident.Version, error)
	// Kept returns the claims that the tenant's facts keep.
	Kept(id ident.Tenant) ([]authz.KeptClaims, error)
	// Head returns what it says of the order of versions.
	Head() (Head, error)
}

// Config configures a Renderer. Site, Catalog, Fleet and Bases are required.
type Config struct {
	Site    *environments.Site
	Catalog *catalog.Catalog
	// Fleet is what the site says of the order of versions.
	Fleet *rollout.Fleet
	// Sold is what of the catalog may be granted; all of it when nil.
	Sold  rollout.Catalog
	Bases plan.Bases
	// Engine builds every overlay before it is written; a new one when nil.
	Engine *overlay.Engine
	// Key signs seals; nil leaves them digests.
	Key ed25519.PrivateKey
	// Workers is how many tenants are rendered at once; the number of processors when less than one.
	Workers int
	// Progress hears how many of all tenants are done; it is called from many goroutines. May be nil.
	Progress func(done, all int)
}

// Renderer renders one environment at one state of catalog and fleet.
type Renderer struct {
	config  Config
	planner *plan.Planner
	stage   tenantStage
}

// New returns a renderer.
func New(c Config) *Renderer {
	if c.Workers < 1 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Sold == nil {
		c.Sold = rollout.CatalogOf(c.Catalog)
	}
	if c.Engine == nil {
		c.Engine = overlay.New(overlay.Options{})
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
	return &Renderer{config: c, planner: plan.New(c.Site, c.Catalog, c.Bases),
		stage: tenantStage{site: c.Site, place: placeOf(c.Site), proof: &proof{engine: c.Engine}}}
}

// Report says what a render did.
type Report struct {
	Tenants, Products, Overlays int
	// Faults are products that are not rendered as their records ask, sorted by
	// tenant and product; they keep what they had.
	Faults []plan.Fault
	// Kept are tenants whose folder was left as it stood.
	Kept []ident.Tenant
}

func (r *Renderer) path(rest string) string {
	return manifest.EnvironmentPath(r.config.Site.Name) + "/" + rest
}

func (r *Report) add(id ident.Tenant, o outcome) {
	if o.present {
		r.Tenants++
	}
	if o.kept {
		r.Kept = append(r.Kept, id)
	}
	r.Products += o.products
	r.Overlays += o.overlays
	r.Faults = append(r.Faults, o.faults...)
}
