package image

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// binary is a program that can run in an empty image.
type binary struct {
	platform string // linux/amd64 or linux/arm64
	revision string // the commit that Go wrote into it, or empty
	data     []byte
}

// arch returns the second half of the platform.
func (b binary) arch() string { return strings.TrimPrefix(b.platform, "linux/") }

// platforms reads what the programs are for, and sorts them by that. It
// refuses two for the same.
func platforms(programs [][]byte) ([]binary, error) {
	binaries := make([]binary, 0, len(programs))
	for _, data := range programs {
		platform, err := platformOf(data)
		if err != nil {
			return nil, fmt.Errorf("reading binary: %w", err)
		}
		binaries = append(binaries, binary{platform: platform, revision: revisionOf(data), data: data})
	}
	slices.SortFunc(binaries, func(a, b binary) int { return cmp.Compare(a.platform, b.platform) })
	for i := range binaries[1:] {
		if binaries[i].platform == binaries[i+1].platform {
			return nil, fault.Hintf("name one build for each platform", "two binaries for %q", binaries[i].platform)
		}
	}
	return binaries, nil
}

// platformOf returns what a program is for. It refuses one that asks for a
// dynamic loader: the image has none.
func platformOf(data []byte) (string, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return "", fault.Hintf("build it with GOOS=linux", "not a Linux program: %w", err)
	}
	platform, known := map[elf.Machine]string{elf.EM_X86_64: "linux/amd64", elf.EM_AARCH64: "linux/arm64"}[f.Machine]
	if !known || f.Class != elf.ELFCLASS64 {
		return "", fault.Hintf("build it with GOARCH=amd64 or arm64", "it is for %s", f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", fault.Hintf("build it with CGO_ENABLED=0", "it needs a dynamic loader, and the image has none")
		}
	}
	return platform, nil
}

// revisionOf returns the commit that a Go program was built from, if it says so.
func revisionOf(data []byte) string {
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
