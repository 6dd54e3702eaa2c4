package cli

import (
	"crypto/ed25519"
	"fmt"
	"os"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// envSealKeys is of the container: an Application's own variables begin with ARGOCD_ENV_.
const envSealKeys = "SLUICE_SEAL_KEYS"

// trusted returns the keys in a file; nil for no file.
func trusted(file string) ([]ed25519.PublicKey, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Hintf("give the path of a PEM file", "reading --seal-keys: %w", err)
	}
	keys, err := manifest.ParseSealKeys(text)
	if err != nil {
		return nil, fmt.Errorf("reading --seal-keys: %w", err)
	}
	return keys, nil
}
