package image

import (
	"bytes"
	"debug/elf"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gatorcloud/sluice/renderer/fault"
)

// check returns the platform of a binary that can run in an empty image: a
// Linux program for the architecture that it is said to be for, which asks for
// no loader.
func check(b Binary) (*v1.Platform, error) {
	system, arch, _ := strings.Cut(b.Platform, "/")
	machine, known := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
	if system != "linux" || !known {
		return nil, fault.Mend("use linux/amd64 or linux/arm64", "unknown platform")
	}
	f, err := elf.NewFile(bytes.NewReader(b.Data))
	if err != nil {
		return nil, fault.Mend("build it with GOOS=linux", "reading binary: %w", err)
	}
	if f.Class != elf.ELFCLASS64 || f.Machine != machine {
		return nil, fault.Mend("build it with GOARCH="+arch, "binary is for %s", f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return nil, fault.Mend("build it with CGO_ENABLED=0", "binary needs a dynamic loader, and the image has none")
		}
	}
	return &v1.Platform{OS: system, Architecture: arch}, nil
}
