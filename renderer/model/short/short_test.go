package short_test

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// What calls Skip is left out where Run says so, and nowhere else.
func TestSkip(t *testing.T) {
	skipped := true
	t.Run("it", func(t *testing.T) {
		t.Cleanup(func() { skipped = t.Skipped() })
		short.Skip(t, "to see it skipped")
	})
	if skipped != short.Run() || short.Run() && !testing.Short() {
		t.Errorf("Skip() skipped a test: %t, in a short run: %t", skipped, short.Run())
	}
}
