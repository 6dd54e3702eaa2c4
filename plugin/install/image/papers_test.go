package image_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/gatorcloud/sluice/plugin/install/image"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// mkimage builds a real program, the one that writes images, once for all tests.
var mkimage = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "mkimage")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "github.com/gatorcloud/sluice/cmd/internal/mkimage")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building mkimage: %w: %s", err, out)
	}
	return os.ReadFile(file)
})

// written writes the image of the program, and returns its digest and its
// papers.
func written(t *testing.T) (digest string, bill, claim []byte) {
	t.Helper()
	short.Skip(t, "builds a program")
	program, err := mkimage()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "sluice-cmp")
	h, err := image.Write(dir, image.Options{Version: "1.2.3", Revision: strings.Repeat("0a", 20), Binaries: [][]byte{program}})
	if err != nil {
		t.Fatal(err)
	}
	if bill, err = os.ReadFile(dir + image.BillOfMaterials); err != nil {
		t.Fatal(err)
	}
	if claim, err = os.ReadFile(dir + image.Provenance); err != nil {
		t.Fatal(err)
	}
	return h.Hex, bill, claim
}

// The bill of materials is SPDX by its own schema and names the image, the
// modules of the program and the library that it was compiled with.
func TestBillOfMaterials(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/spdx-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	digest, data, _ := written(t)
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("the bill is no SPDX: %v", err)
	}
	var bill struct {
		Packages []struct {
			SPDXID, Name, VersionInfo string
			Checksums                 []struct{ ChecksumValue string }
			ExternalRefs              []struct{ ReferenceLocator string }
		}
		Relationships []struct{ SpdxElementID, RelatedSpdxElement string }
	}
	if err := json.Unmarshal(data, &bill); err != nil {
		t.Fatal(err)
	}
	ids, purls := map[string]bool{"SPDXRef-DOCUMENT": true}, []string{}
	for _, p := range bill.Packages {
		if ids[p.SPDXID] {
			t.Errorf("id %q is there twice", p.SPDXID)
		}
		ids[p.SPDXID] = true
		for _, r := range p.ExternalRefs {
			purls = append(purls, r.ReferenceLocator)
		}
	}
	for _, r := range bill.Relationships {
		if !ids[r.SpdxElementID] || !ids[r.RelatedSpdxElement] {
			t.Errorf("%+v relates what is not there", r)
		}
	}
	if first := bill.Packages[0]; first.Name != "sluice-cmp" || len(first.Checksums) != 1 || first.Checksums[0].ChecksumValue != digest {
		t.Errorf("the first package is %+v, want the image by its digest %s", first, digest)
	}
	for _, want := range []string{"pkg:golang/github.com/google/go-containerregistry@v", "pkg:golang/stdlib@1."} {
		if !slices.ContainsFunc(purls, func(p string) bool { return strings.HasPrefix(p, want) }) {
			t.Errorf("packages %q, want %s", purls, want)
		}
	}
}

// The provenance is in-toto's and SLSA's by their own types, and is about this
// image, this commit and these modules.
func TestProvenance(t *testing.T) {
	digest, _, data := written(t)
	var s intoto.Statement
	if err := protojson.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Errorf("the statement is invalid: %v", err)
	}
	text, err := protojson.Marshal(s.GetPredicate())
	if err != nil {
		t.Fatal(err)
	}
	var p provenance.Provenance
	if err := protojson.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Errorf("the provenance is invalid: %v", err)
	}
	if got := s.GetSubject()[0].GetDigest()["sha256"]; got != digest || s.GetPredicateType() != "https://slsa.dev/provenance/v1" {
		t.Errorf("%s of %s, want provenance of %s", s.GetPredicateType(), got, digest)
	}
	all := p.GetBuildDefinition().GetResolvedDependencies()
	if got := all[0].GetDigest()["gitCommit"]; got != strings.Repeat("0a", 20) {
		t.Errorf("built from commit %q", got)
	}
	for _, m := range all[1:] {
		if len(m.GetDigest()["goModuleH1"]) != 64 {
			t.Errorf("module %s has digest %q, want that of go.sum", m.GetUri(), m.GetDigest())
		}
	}
	if len(all) < 3 {
		t.Errorf("%d dependencies, want the modules of the program", len(all))
	}
}
