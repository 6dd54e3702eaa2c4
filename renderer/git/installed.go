package git

import (
	"os/exec"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Installed fails when there is no git on this machine, which file URLs,
// clones and repositories with hooks need; all else is done without.
func Installed() error {
	if _, err := exec.LookPath("git"); err != nil {
		return fault.Hintf("install git, e.g. with: apt-get install git, apk add git or brew install git", "looking for git: %w", err)
	}
	return nil
}
