package environments

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Tolerance is how many tenants may be unhealthy: a number of them, or a share
// of those that moved.
type Tolerance struct{ Tenants, Percent int }

// UnmarshalJSON reads a whole number, or a share such as "1%".
func (t *Tolerance) UnmarshalJSON(data []byte) error {
	const hint = `write a number of tenants from 0 to 1000, or a share from "0%" to "100%"`
	digits, number, most := string(data), &t.Tenants, 1000
	var text string
	if json.Unmarshal(data, &text) == nil {
		share, ok := strings.CutSuffix(text, "%")
		if !ok {
			return fault.Hintf(hint, "%s is neither a number nor a share", fault.Clip(text))
		}
		digits, number, most = share, &t.Percent, 100
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || int(n) > most {
		return fault.Hintf(hint, "%s is out of range", fault.Clip(strings.Trim(string(data), `"`)))
	}
	*t = Tolerance{}
	*number = int(n)
	return nil
}

// MarshalJSON writes the tolerance as UnmarshalJSON reads it.
func (t Tolerance) MarshalJSON() ([]byte, error) {
	if t.Percent > 0 {
		return json.Marshal(strconv.Itoa(t.Percent) + "%")
	}
	return json.Marshal(t.Tenants)
}
