package doctorcmd

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/fault"
)

func TestGoodVersion(t *testing.T) {
	for v, good := range map[string]bool{
		"3.7.3": true, "3.6.0": true, "3.5.8": true, "3.5.21": true, "3.4.25": true, "4.0.0": true,
		"3.5.7": false, "3.4.24": false, "3.3.27": false, "2.3.8": false, "": false, "3.x": false,
	} {
		err := goodVersion(v)
		if (err == nil) != good || err != nil && fault.HintOf(err) == "" {
			t.Errorf("goodVersion(%q) = %v, want good = %t", v, err, good)
		}
	}
}
