package image

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// binary is a program that can run in an empty image.
type binary struct {
	platform string               // linux/amd64 or linux/arm64
	build    *buildinfo.BuildInfo // what Go wrote into it; empty for what is not Go's
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
		binaries = append(binaries, binary{platform: platform, build: buildOf(data), data: data})
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

// buildOf returns what a Go program says of its build, nothing for others.
func buildOf(data []byte) *buildinfo.BuildInfo {
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return &buildinfo.BuildInfo{}
	}
	return info
}

// setting returns a setting of the build, and nothing for one that it had not.
func (b binary) setting(key string) string {
	for _, s := range b.build.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// modules returns the modules in the program, those in place of which others
// were taken left out, by their paths.
func (b binary) modules() []debug.Module {
	var all []debug.Module
	for _, m := range b.build.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b debug.Module) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version))
	})
	return all
}
