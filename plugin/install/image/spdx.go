package image

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// spdx is a bill of materials in the JSON of SPDX 2.3.
type spdx struct {
	Version       string             `json:"spdxVersion"`
	License       string             `json:"dataLicense"`
	ID            string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	Creation      spdxCreation       `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID       string          `json:"SPDXID"`
	Name     string          `json:"name"`
	Version  string          `json:"versionInfo,omitempty"`
	Purpose  string          `json:"primaryPackagePurpose"`
	Location string          `json:"downloadLocation"`
	Analyzed bool            `json:"filesAnalyzed"`
	Sums     []spdxChecksum  `json:"checksums,omitempty"`
	Refs     []spdxReference `json:"externalRefs,omitempty"`
	Comment  string          `json:"comment,omitempty"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// bill returns the bill of materials of an image: its programs, the modules in
// them, and the standard library.
func bill(o Options, binaries []binary, digest v1.Hash) spdx {
	const document, image = "SPDXRef-DOCUMENT", "SPDXRef-image"
	b := spdx{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: document, Name: o.Program.Name + ":" + o.Version,
		Namespace: "https://sluice.gatorcloud.io/spdx/" + o.Program.Name + "/" + digest.Hex,
		Creation:  spdxCreation{epoch().Format(time.RFC3339), []string{"Tool: sluice-mkimage"}},
	}
	b.Packages = append(b.Packages, spdxPackage{ID: image, Name: o.Program.Name, Version: o.Version, Purpose: "CONTAINER", Location: noAssertion,
		Sums: []spdxChecksum{{"SHA256", digest.Hex}}})
	b.relate(document, "DESCRIBES", image)
	known := map[string]string{} // ids by package URL: builds for several platforms share most
	for _, program := range binaries {
		id := "SPDXRef-" + strings.ReplaceAll(program.platform, "/", "-")
		b.Packages = append(b.Packages, spdxPackage{ID: id, Name: program.build.Path, Version: o.Version, Purpose: "APPLICATION", Location: noAssertion,
			Comment: program.platform})
		b.relate(image, "CONTAINS", id)
		for _, m := range append(program.modules(), debug.Module{Path: "stdlib", Version: strings.TrimPrefix(program.build.GoVersion, "go")}) {
			if known[purl(m)] == "" {
				known[purl(m)] = fmt.Sprintf("SPDXRef-module-%d", len(known))
				b.Packages = append(b.Packages, spdxModule(known[purl(m)], m))
			}
			b.relate(id, "DEPENDS_ON", known[purl(m)])
		}
	}
	return b
}

// noAssertion is SPDX's word for what is not said.
const noAssertion = "NOASSERTION"

func spdxModule(id string, m debug.Module) spdxPackage {
	return spdxPackage{ID: id, Name: m.Path, Version: m.Version, Purpose: "LIBRARY", Location: noAssertion,
		Refs: []spdxReference{{"PACKAGE-MANAGER", "purl", purl(m)}}, Comment: m.Sum}
}

func (b *spdx) relate(from, kind, to string) {
	b.Relationships = append(b.Relationships, spdxRelationship{from, kind, to})
}
