package main

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const root = "../../../"

// target returns the command lines of mkimage in the Makefile's target image,
// with builds that a test has and a directory of its own.
func target(t *testing.T, dist string) [][]string {
	t.Helper()
	data, err := os.ReadFile(root + "Makefile")
	if err != nil {
		t.Fatal(err)
	}
	build := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(build, program64(t), 0o600); err != nil {
		t.Fatal(err)
	}
	_, recipe, _ := strings.Cut(string(data), "\nimage:")
	var all [][]string
	for line := range strings.Lines(recipe) {
		_, args, found := strings.Cut(line, "./cmd/internal/mkimage ")
		if !found {
			continue
		}
		args = regexp.MustCompile(`\$\(BIN\)/\S+`).ReplaceAllString(args, build)
		args = strings.NewReplacer(" dist/", " "+dist+"/", "$(VERSION)", "v1.2.3", `"$(AUTHORITIES)"`, "''").Replace(args)
		fields := strings.Fields(args)
		for i := range fields {
			fields[i] = strings.Trim(fields[i], "'")
		}
		all = append(all, fields)
	}
	return all
}

// program64 returns the smallest file that is an ELF program.
func program64(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	err := binary.Write(&b, binary.LittleEndian, elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// makeImages runs the commands of the target.
func makeImages(t *testing.T, dist string) {
	t.Helper()
	for _, args := range target(t, dist) {
		var stdout, stderr bytes.Buffer
		if code := run(args, &stdout, &stderr); code != 0 || !strings.HasPrefix(stdout.String(), "sha256:") {
			t.Fatalf("mkimage %q = %d, %s%s", args, code, &stdout, &stderr)
		}
	}
}

// read returns the only image of a layout.
func read(t *testing.T, dir string) v1.Image {
	t.Helper()
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	index, err := top.ImageIndex(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = index.IndexManifest(); err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// manifests are what is applied to a cluster and runs our images.
func manifests() []string {
	return []string{root + "renderer/install", root + "renderer/install/ingest", root + "plugin/install/native", root + "plugin/install/command"}
}

// images returns the names of the images that manifests run, and the users of
// their containers.
func images(t *testing.T) map[string]bool {
	t.Helper()
	name := regexp.MustCompile(`(?m)^\s*(?:- )?image: (\S+)$`)
	found := map[string]bool{}
	for _, dir := range manifests() {
		text := ""
		if m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir); err == nil {
			data, err := m.AsYaml()
			if err != nil {
				t.Fatal(err)
			}
			text = string(data)
		} else { // a component is nothing by itself
			files, _ := filepath.Glob(dir + "/*.yaml")
			for _, file := range files {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				text += string(data)
			}
		}
		all := name.FindAllStringSubmatch(text, -1)
		if len(all) == 0 {
			t.Errorf("%s runs no image", dir)
		}
		for _, m := range all {
			repository, _, _ := strings.Cut(m[1], ":")
			found[repository] = true
		}
	}
	return found
}

// What the manifests run is what `make image` makes, under the same name.
func TestManifestsRunWhatIsMade(t *testing.T) {
	dist := t.TempDir()
	makeImages(t, dist)
	papers, err := filepath.Glob(dist + "/*.json")
	if err != nil || len(papers) != 4 {
		t.Errorf("papers %q, %v, want two of each image", papers, err)
	}
	entries, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return !e.IsDir() })
	wanted := images(t)
	for _, e := range entries {
		config, err := read(t, filepath.Join(dist, e.Name())).ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		title := config.Config.Labels["org.opencontainers.image.title"]
		if !wanted[e.Name()] || title != e.Name() || config.Config.Entrypoint[0] != "/usr/local/bin/"+title {
			t.Errorf("layout %q has image %q with entry point %q; the manifests run %v", e.Name(), title, config.Config.Entrypoint, wanted)
		}
		delete(wanted, e.Name())
	}
	if len(wanted) > 0 || len(entries) != 2 {
		t.Errorf("make image makes %d images and not %v", len(entries), wanted)
	}
}

// The renderer's image fits its Deployment: user, mounted folders, no certificates.
func TestRendererImageFitsItsDeployment(t *testing.T) {
	dist := t.TempDir()
	makeImages(t, dist)
	img := read(t, dist+"/sluice")
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(root + "renderer/install/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || !strings.Contains(string(data), "runAsUser: 65532\n") || !strings.Contains(string(data), "runAsGroup: 65532\n") {
		t.Errorf("the image's user is %q, want that of the Deployment", config.Config.User)
	}
	owners := map[string]int{}
	contents(t, img, func(h *tar.Header, _ []byte) { owners[strings.TrimSuffix(h.Name, "/")] = h.Uid })
	if owner, ok := owners["var/cache/sluice"]; !ok || owner != 65532 || !strings.Contains(string(data), "mountPath: /var/cache/sluice}") {
		t.Errorf("files %v, want the folder that the Deployment mounts, of its user", owners)
	}
	for name, owner := range owners {
		if owner == 65532 && name != "var/cache/sluice" || strings.HasSuffix(name, ".crt") || strings.Contains(name, "argocd") {
			t.Errorf("the image holds %s of %d", name, owner)
		}
	}
}

// contents visits the files of an image.
func contents(t *testing.T, img v1.Image, visit func(*tar.Header, []byte)) {
	t.Helper()
	for r := tar.NewReader(mutate.Extract(img)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		visit(h, data)
	}
}

// authority returns a new certificate and its key in PEM.
func authority(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "site"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
}

// Certificates go into the image when they are given: as a set, and nothing else with them.
func TestAuthorities(t *testing.T) {
	one, key := authority(t)
	two, _ := authority(t)
	dir := t.TempDir()
	write := func(text string) (code int, digest, bundle string) {
		file, out := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "out")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append(slices.Clone(target(t, dir)[1]), "--output", out, "--authorities", file)
		var stdout, stderr bytes.Buffer
		if code = run(args, &stdout, &stderr); code != 0 {
			return code, stderr.String(), ""
		}
		contents(t, read(t, out), func(h *tar.Header, data []byte) {
			if h.Name == "etc/pki/tls/certs/ca-bundle.crt" {
				bundle = string(data)
			}
		})
		return code, stdout.String(), bundle
	}
	_, first, bundle := write("# site\n" + one + two)
	if !strings.Contains(bundle, one) || !strings.Contains(bundle, two) || strings.Contains(bundle, "# site") {
		t.Errorf("the image trusts %q, want both certificates", bundle)
	}
	if _, again, _ := write(two + "\n" + one + one); again != first {
		t.Error("the same certificates in another order give another image")
	}
	if _, other, _ := write(one); other == first {
		t.Error("other certificates give the same image")
	}
	for name, text := range map[string]string{"Key": one + key, "NoPEM": "hello", "NoCertificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if code, said, _ := write(text); code != 1 || !strings.Contains(said, "hint:") {
			t.Errorf("%s: mkimage = %d, %q, want a refusal with a hint", name, code, said)
		}
	}
}
