package show

import (
	"encoding/json"

	"github.com/gatorcloud/sluice/renderer/render/impact"
)

// Terraform returns what GitLab's report "terraform" reads of a ring: how many
// tenants are created, updated and deleted.
func Terraform(r impact.Ring) []byte {
	data, _ := json.Marshal(map[string]int{"create": r.Create, "update": r.Update, "delete": r.Delete}) // numbers always encode
	return append(data, '\n')
}
