package loop

import (
	"errors"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// unreadable is a Git whose rendered tenants cannot be read.
type unreadable struct{}

var errUnreadable = errors.New("the disk is damaged")

func (unreadable) Tenants() ([]ident.Tenant, error)        { return nil, errUnreadable }
func (unreadable) Facts(ident.Tenant) (authz.Facts, error) { return authz.Facts{}, errUnreadable }

// What cannot be read in Git is not taken for a fleet without tenants.
func TestUnreadableMemoryIsAnError(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 3, true)
	if err := r.merge(&step{}, unreadable{}, s.now); !errors.Is(err, errUnreadable) {
		t.Errorf("merge() = %v, want %v", err, errUnreadable)
	}
}
