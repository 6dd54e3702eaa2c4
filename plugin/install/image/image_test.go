package image_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/gatorcloud/sluice/plugin/install/image"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// program returns the smallest file that is an ELF program of a machine, with
// or without a wish for a dynamic loader, and a body to tell programs apart.
func program(t *testing.T, machine elf.Machine, dynamic bool, body string) []byte {
	t.Helper()
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56,
	}
	var b bytes.Buffer
	if dynamic {
		header.Phnum, header.Phoff = 1, 64
	}
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	if dynamic {
		if err := binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_INTERP)}); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString(body)
	return b.Bytes()
}

func options(t *testing.T) image.Options {
	t.Helper()
	return image.Options{Version: "1.2.3", Revision: "0123abc", Binaries: [][]byte{
		program(t, elf.EM_AARCH64, false, "arm"), program(t, elf.EM_X86_64, false, "amd"),
	}}
}

func TestLayoutIsValid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist", "image")
	digest, err := image.Write(dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Errorf("layout is invalid: %v", err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Digest != digest ||
		manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
		t.Errorf("index.json = %+v, want %s named 1.2.3 alone", manifest.Manifests, digest)
	}
}

// Equal binaries give equal files, whatever their order, the directory and the
// clock; another binary gives another digest.
func TestReproducible(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "12345")
	write := func(o image.Options) map[string]string {
		dir := filepath.Join(t.TempDir(), "image")
		if _, err := image.Write(dir, o); err != nil {
			t.Fatal(err)
		}
		return files(t, filepath.Dir(dir)) // with its papers
	}
	first := write(options(t))
	turned := options(t)
	turned.Binaries[0], turned.Binaries[1] = turned.Binaries[1], turned.Binaries[0]
	if diff := cmp.Diff(first, write(turned)); diff != "" {
		t.Errorf("a second build differs:\n%s", diff)
	}
	changed := options(t)
	changed.Binaries[0] = append(changed.Binaries[0], '!')
	if cmp.Equal(first, write(changed)) {
		t.Error("another binary gives the same image")
	}
}

// files returns the content of all files below dir by path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		all[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImageContent(t *testing.T) {
	index, err := image.Build(options(t))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, d := range manifest.Manifests {
		platforms = append(platforms, d.Platform.String())
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		User: "999:999", Env: []string{"PATH=/usr/local/bin"}, WorkingDir: "/",
		Entrypoint: []string{"/usr/local/bin/sluice-cmp"}, Cmd: []string{"serve"},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "sluice-cmp",
			"org.opencontainers.image.description": "Argo CD config management plugin of sluice",
			"org.opencontainers.image.version":     "1.2.3",
			"org.opencontainers.image.revision":    "0123abc",
		},
	}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if got := config.Created.Unix(); got != 0 || config.Architecture != "amd64" {
		t.Errorf("created at %d for %q, want 0 for amd64", got, config.Architecture)
	}
	checkFiles(t, img, options(t).Binaries[1])
}

// checkFiles checks owners, modes and times of what the image holds.
func checkFiles(t *testing.T, img v1.Image, binary []byte) {
	t.Helper()
	modes := map[string]int64{}
	r := tar.NewReader(mutate.Extract(img))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 0 || h.Uname != "" {
			t.Errorf("%s: changed %v by %q, want the epoch by nobody", h.Name, h.ModTime, h.Uname)
		}
		name := strings.TrimSuffix(h.Name, "/")
		modes[name] = h.Mode
		if data, _ := io.ReadAll(r); "/"+name == image.Path && !bytes.Equal(data, binary) {
			t.Errorf("%s is not the binary", h.Name)
		}
	}
	if len(modes) != 13 || modes["usr/local/bin/sluice-cmp"] != 0o755 || modes["tmp"] != 0o1777 {
		t.Errorf("files = %v, want 13 with the binary 0755 and tmp 1777", modes)
	}
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		change func(*image.Options)
	}{
		"NoBinary":     {"an image of nothing", func(o *image.Options) { o.Binaries = nil }},
		"NoVersion":    {"nobody could pull it", func(o *image.Options) { o.Version = "" }},
		"BadVersion":   {"registries refuse such a tag", func(o *image.Options) { o.Version = "1.0+dirty" }},
		"Twice":        {"one of the two would win by chance", func(o *image.Options) { o.Binaries[1] = o.Binaries[0] }},
		"Dynamic":      {"an empty image has no loader", func(o *image.Options) { o.Binaries[0] = program(t, elf.EM_AARCH64, true, "") }},
		"OtherMachine": {"Argo CD has no image for it", func(o *image.Options) { o.Binaries[0] = program(t, elf.EM_RISCV, false, "") }},
		"NotELF":       {"a build for another system", func(o *image.Options) { o.Binaries[0] = []byte("MZ") }},
		"Empty":        {"a build that failed", func(o *image.Options) { o.Binaries[0] = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			tc.change(&o)
			dir := filepath.Join(t.TempDir(), "image")
			_, err := image.Write(dir, o)
			if fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
				t.Errorf("Write = %v, want an error with a hint: %s", err, tc.reason)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("a refused build leaves %s", dir)
			}
		})
	}
}

// The commit that Go wrote into a binary becomes the label when nobody gives one.
func TestRevisionOfBinary(t *testing.T) {
	short.Skip(t, "builds a program")
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module x\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"git", "init", "-q"}, {"git", "add", "."}, {"git", "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"},
		{"go", "build", "-buildvcs=true", "-o", "x", "."},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	built, err := os.ReadFile(filepath.Join(dir, "x"))
	if err != nil {
		t.Fatal(err)
	}
	index, err := image.Build(image.Options{Version: "1", Binaries: [][]byte{built}})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Labels["org.opencontainers.image.revision"]; len(got) != 40 {
		t.Errorf("revision = %q, want the commit that was built", got)
	}
}

func TestWriteReplacesOnlyLayouts(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "image")
	for range 2 {
		if _, err := image.Write(dir, options(t)); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(parent); len(left) != 3 {
		t.Errorf("%d entries beside the layout, want its two papers", len(left)-1)
	}
	other := filepath.Join(parent, "home")
	if err := os.MkdirAll(other, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "thesis.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := image.Write(other, options(t)); err == nil {
		t.Error("Write replaced a directory that is no layout")
	}
	if _, err := os.Stat(filepath.Join(other, "thesis.txt")); err != nil {
		t.Errorf("the refused directory changed: %v", err)
	}
}
