// Package sealkey is the flag by which commands that render find the key that
// signs seals. The key itself is never an argument, nor printed.
package sealkey

import (
	"crypto/ed25519"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Add adds --seal-key to a command's set.
func Add(set *pflag.FlagSet, file *string) {
	set.StringVar(file, "seal-key", "", "`file` with the private key that signs what is rendered, PEM; without it a seal is a digest that whoever can push can make")
}

// Read returns the key in a file; nil for no file.
func Read(file string) (ed25519.PrivateKey, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Hintf("give the path of a PEM file", "reading --seal-key: %w", err)
	}
	key, err := manifest.ParseSealKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading --seal-key: %w", err)
	}
	return key, nil
}
