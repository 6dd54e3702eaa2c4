// Package input reads what --filename names, a file or stdin, as kubectl does.
package input

import (
	"fmt"
	"io"
	"os"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Stdin is the name of stdin.
const Stdin = "-"

// Read returns the file of a name, or stdin, but no more than one byte over
// most: whoever decodes it refuses what is longer. Errors begin with doing,
// such as "importing tenants".
func Read(doing, name string, stdin io.Reader, most int64) ([]byte, error) {
	in := stdin
	if name != Stdin {
		f, err := os.Open(name)
		if err != nil {
			return nil, fault.Hintf("check --filename", "%s: %w", doing, err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s from %q: %w", doing, name, err)
	}
	return data, nil
}
