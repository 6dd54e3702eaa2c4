package image

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Papers are the ends of the names of the files that are written beside a
// layout: what the programs are made of, in SPDX, and how they were built, in
// SLSA's form. They are files and no referrers in the layout, because tools push
// a layout with one entry; a registry gets them by cosign, which signs them.
const (
	BillOfMaterials = ".spdx.json"
	Provenance      = ".provenance.json"
)

// writePapers writes both beside the layout of an image.
func writePapers(dir string, o Options, digest v1.Hash) error {
	o.Program = o.program()
	binaries, err := platforms(o.Binaries)
	if err != nil {
		return err
	}
	for end, paper := range map[string]any{BillOfMaterials: bill(o, binaries, digest), Provenance: provenance(o, binaries, digest)} {
		text, err := json.MarshalIndent(paper, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Clean(dir)+end, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// purl returns the name of a module in package URLs, whose form wants lower case.
func purl(m debug.Module) string {
	return "pkg:golang/" + strings.ToLower(m.Path) + "@" + url.QueryEscape(m.Version)
}

// digestOf returns a module's digest of go.sum in hexadecimal, as in-toto's
// goModuleH1 wants it; nothing for one without.
func digestOf(m debug.Module) string {
	text, ok := strings.CutPrefix(m.Sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return ""
	}
	return hex.EncodeToString(sum)
}
