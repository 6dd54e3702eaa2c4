package render

import (
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// PlaceOf returns where a site's Applications live and what they point to: who
// looks at live ones knows them by it.
func PlaceOf(s *environments.Site) manifest.Place { return placeOf(s) }
