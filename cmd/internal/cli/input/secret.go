package input

import (
	"os"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Secret returns the first line of a file, which a flag names: a secret itself
// is no argument, because all users of a machine see those.
func Secret(flag, path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Hintf("check --"+flag, "reading --%s: %w", flag, err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fault.Hintf("write the secret into its first line", "reading --%s: %q is empty", flag, path)
	}
	return line, nil
}
