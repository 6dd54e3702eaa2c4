package unpack_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/google/go-cmp/cmp"
)

// entry is one header, and for a file its contents.
type entry struct {
	tar.Header
	data string
}

func file(name, data string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))}, data}
}

func special(kind byte, name, link string) entry {
	return entry{tar.Header{Typeflag: kind, Name: name, Linkname: link}, ""}
}

// pack returns a gzip-compressed archive of the entries.
func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func read(data []byte, o unpack.Options) (map[string][]byte, error) {
	o.SHA256, o.Size = sum(data), int64(len(data))
	d, _, err := new(unpack.Reader).Read(context.Background(), bytes.NewReader(data), o)
	return d.Files(), err
}

func TestRead(t *testing.T) {
	repo := []entry{
		special(tar.TypeDir, ".", ""), special(tar.TypeDir, "a", ""), file("a/sluice.yaml", "kind: A\n"),
		special(tar.TypeDir, "a/base/", ""), file("./a/base/x.yaml", "x: 1\n"), file("a/empty", ""),
		file("ab/sluice.yaml", "kind: AB\n"), special(tar.TypeSymlink, "docs", "../.."), file("top", "t"),
	}
	for name, tc := range map[string]struct {
		reason, path string
		want         map[string][]byte
	}{
		"OneDirectory": {"only the Application's directory is kept", "a", map[string][]byte{
			"sluice.yaml": []byte("kind: A\n"), "base/x.yaml": []byte("x: 1\n"), "empty": {}}},
		"DotSegments": {"Argo CD sends clean paths, others need not", "./a/.", map[string][]byte{
			"sluice.yaml": []byte("kind: A\n"), "base/x.yaml": []byte("x: 1\n"), "empty": {}}},
		"SiblingWithSamePrefix": {"ab is not below a", "ab", map[string][]byte{"sluice.yaml": []byte("kind: AB\n")}},
		"Nested":                {"a directory below another", "a/base", map[string][]byte{"x.yaml": []byte("x: 1\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(pack(t, repo...), unpack.Options{Path: tc.path})
			if err != nil {
				t.Fatalf("Read(%q) = %v, want nil: %s", tc.path, err, tc.reason)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("Read(%q) (-want +got): %s\n%s", tc.path, tc.reason, d)
			}
		})
	}
}

// Each archive is refused with a hint, and with the rest of it in order: the
// first entry is a file that alone would be accepted.
func TestReadRefuses(t *testing.T) {
	small := unpack.Limits{Kept: 100, File: 60, Entries: 8, Files: 4, Depth: 3, Path: 40, Decompressed: 64 << 10, Compressed: 4 << 10}
	for name, tc := range map[string]struct {
		reason  string
		entries []entry
	}{
		"ParentSegment":       {"leaves the archive", []entry{file("../x", "")}},
		"ParentInside":        {"a cleaned name could be another file's", []entry{file("d/../d/x", "")}},
		"ParentElsewhere":     {"also outside of the directory", []entry{file("e/../../x", "")}},
		"Absolute":            {"leaves the archive", []entry{file("/d/x", "")}},
		"Backslash":           {"is a separator on another system", []entry{file(`d\..\x`, "")}},
		"Newline":             {"breaks log and error lines", []entry{file("d/a\nb", "")}},
		"NotUTF8":             {"has no one spelling", []entry{file("d/\xff", "")}},
		"Symlink":             {"could point anywhere", []entry{special(tar.TypeSymlink, "d/l", "/etc/passwd")}},
		"SymlinkToInside":     {"links are refused whatever they point to", []entry{special(tar.TypeSymlink, "d/l", "a")}},
		"SymlinkIsDirectory":  {"the wanted directory itself", []entry{special(tar.TypeSymlink, "d", "e")}},
		"HardLink":            {"could name a file of another directory", []entry{special(tar.TypeLink, "d/l", "d/a")}},
		"HardLinkElsewhere":   {"Argo CD writes none", []entry{special(tar.TypeLink, "e/l", "d/a")}},
		"Device":              {"not a file", []entry{special(tar.TypeBlock, "d/b", "")}},
		"CharDevice":          {"not a file", []entry{special(tar.TypeChar, "e/c", "")}},
		"Pipe":                {"not a file", []entry{special(tar.TypeFifo, "d/p", "")}},
		"Twice":               {"which of them counts?", []entry{file("d/a", "")}},
		"FileAndDirectory":    {"which of them counts?", []entry{file("d/a/b", "")}},
		"FileTooLong":         {"File", []entry{file("d/x", strings.Repeat("x", 61))}},
		"DirectoryTooLong":    {"Kept", []entry{file("d/x", strings.Repeat("x", 55)), file("d/y", strings.Repeat("y", 55))}},
		"TooManyFiles":        {"Files", []entry{file("d/1", ""), file("d/2", ""), file("d/3", ""), file("d/4", "")}},
		"TooManyEntries":      {"Entries", []entry{file("e/1", ""), file("e/2", ""), file("e/3", ""), file("e/4", ""), file("e/5", ""), file("e/6", ""), file("e/7", ""), file("e/8", "")}},
		"TooDeep":             {"Depth", []entry{file("d/1/2/3/4", "")}},
		"NameTooLong":         {"Path", []entry{file("d/"+strings.Repeat("x", 41), "")}},
		"TooMuchDecompressed": {"Decompressed: a bomb beside the directory", []entry{file("e/bomb", strings.Repeat("0", 128<<10))}},
	} {
		t.Run(name, func(t *testing.T) {
			data := pack(t, append([]entry{file("d/a", "good")}, tc.entries...)...)
			got, err := read(data, unpack.Options{Path: "d", Limits: small})
			if err == nil {
				t.Fatalf("Read = %v, nil, want an error: %s", got, tc.reason)
			}
			if fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("Read = %q with hint %q, want one line and a hint", err, fault.HintOf(err))
			}
		})
	}
	if _, err := read(pack(t, file("d/a", "good")), unpack.Options{Path: "d", Limits: small}); err != nil {
		t.Errorf("Read(the first entry alone) = %v, want nil", err)
	}
}

// archive/tar writes no sparse files, so the two kinds are made by hand.
func TestReadRefusesSparse(t *testing.T) {
	for name, raw := range map[string][]byte{"PAX": sparsePAX(t), "GNU": sparseGNU(t)} {
		t.Run(name, func(t *testing.T) {
			if h, err := tar.NewReader(bytes.NewReader(raw)).Next(); err != nil || h.Size != 1<<20 {
				t.Fatalf("tar sees %+v, %v, want a file of 1 MiB", h, err)
			}
			var z bytes.Buffer
			zw := gzip.NewWriter(&z)
			zw.Write(raw)
			zw.Close()
			if _, err := read(z.Bytes(), unpack.Options{}); err == nil || !strings.Contains(err.Error(), "sparse") {
				t.Errorf("Read = %v, want a refusal of the sparse file", err)
			}
		})
	}
}

func sparsePAX(t *testing.T) []byte {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: "d/x", Size: 1, Format: tar.FormatPAX, PAXRecords: map[string]string{
		"XNU.sparse.major": "0", "XNU.sparse.minor": "1", "XNU.sparse.map": "0,1", "XNU.sparse.numblocks": "1", "XNU.sparse.size": "1048576"}}
	return bytes.ReplaceAll(raw(t, h, "x"), []byte("XNU."), []byte("GNU."))
}

func sparseGNU(t *testing.T) []byte {
	b := raw(t, &tar.Header{Typeflag: tar.TypeReg, Name: "d/x", Size: 1, Format: tar.FormatGNU}, "x")
	b[156] = tar.TypeGNUSparse
	copy(b[386:], "00000000000\x0000000000001\x00") // one fragment: offset 0, 1 byte
	copy(b[483:], "00004000000\x00")                // real size
	copy(b[148:156], "        ")
	check := 0
	for _, c := range b[:512] {
		check += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", check))
	return b
}

func raw(t *testing.T, h *tar.Header, data string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.Bytes()
}

// Damage on the way is told apart from a bad archive: it may be gone next time.
func TestReadSeesDamage(t *testing.T) {
	good := pack(t, file("d/a", strings.Repeat("some text ", 50)), file("d/b", "b"))
	flip := func(i int) []byte { b := bytes.Clone(good); b[i] ^= 0x40; return b }
	for name, tc := range map[string]struct {
		reason string
		data   []byte
		sum    string
		size   int64
		want   string
	}{
		"WrongChecksum":   {"the announced sum is another's", good, sum([]byte("other")), 0, "checksum"},
		"NoChecksum":      {"Argo CD always announces one", good, "", 0, "checksum"},
		"HostileChecksum": {"the announcement is quoted and cut", good, strings.Repeat("\n", 1<<20), 0, `\n"...`},
		"Truncated":       {"the size says so", good[:len(good)-9], sum(good), int64(len(good)), "truncated"},
		"TruncatedNoSize": {"the sum says so", good[:len(good)/2], sum(good), 0, "checksum"},
		"Empty":           {"nothing arrived", nil, sum(good), int64(len(good)), "truncated"},
		"TooLong":         {"more arrived than was announced", append(bytes.Clone(good), 0), sum(good), int64(len(good)), "were announced"},
		"Trailing":        {"a second archive behind the first", append(bytes.Clone(good), good...), sum(append(bytes.Clone(good), good...)), 0, "followed by"},
		"FlippedHeader":   {"not gzip any more", flip(0), sum(good), 0, "checksum"},
		"FlippedBody":     {"not what was sent", flip(len(good) / 2), sum(good), 0, "checksum"},
		"FlippedAtSource": {"sent like that", flip(len(good) - 6), sum(flip(len(good) - 6)), 0, "invalid checksum"},
		"NotGzip":         {"sent like that", []byte("hello, world"), sum([]byte("hello, world")), 0, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			d, _, err := new(unpack.Reader).Read(context.Background(), bytes.NewReader(tc.data), unpack.Options{Path: "d", SHA256: tc.sum, Size: tc.size})
			if err == nil || d != nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("Read = %v, %v, want an error that says %q: %s", d, err, tc.want, tc.reason)
			}
			if len(err.Error()) > 400 {
				t.Errorf("Read = an error of %d bytes, want a short one", len(err.Error()))
			}
		})
	}
}

// A bomb is not read to its end: the two limits on whole streams hold to the byte and the block.
func TestReadStopsAtLimits(t *testing.T) {
	noise := make([]byte, 256<<10)
	rand.NewChaCha8([32]byte{}).Read(noise)
	data := pack(t, file("d/a", "a"), file("e/noise", string(noise)), file("e/bomb", strings.Repeat("0", 4<<20)))
	for name, tc := range map[string]struct {
		limits                   unpack.Limits
		compressed, decompressed int64
	}{
		"Decompressed": {unpack.Limits{Decompressed: 512 << 10}, int64(len(data)), 512 << 10},
		"Compressed":   {unpack.Limits{Compressed: 64 << 10}, 96 << 10, 96 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			o := unpack.Options{Path: "d", SHA256: sum(data), Limits: tc.limits}
			d, stats, err := new(unpack.Reader).Read(context.Background(), bytes.NewReader(data), o)
			if d != nil || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "more than") {
				t.Errorf("Read = %v, %v, want an error with a hint", d, err)
			}
			if stats.Compressed > tc.compressed || stats.Decompressed > tc.decompressed {
				t.Errorf("Read took %+v, want at most %d and %d bytes", stats, tc.compressed, tc.decompressed)
			}
		})
	}
}

func TestReadNoFiles(t *testing.T) {
	if _, err := read(pack(t, file("other/a", "")), unpack.Options{Path: "d"}); !errors.Is(err, unpack.ErrNoFiles) || fault.HintOf(err) == "" {
		t.Errorf("Read(archive without the directory) = %v, want ErrNoFiles with a hint", err)
	}
	for _, p := range []string{"..", "../x", "/d", "d/../../e", "\x00"} {
		if _, err := read(pack(t, file("d/a", "")), unpack.Options{Path: p}); err == nil {
			t.Errorf("Read(path %q) = nil, want an error", p)
		}
	}
}

func TestReadHundredThousandFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a hundred thousand files")
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := tar.NewWriter(z)
	for i := range 100_000 {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("d/%d/%d/f", i%100, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := read(b.Bytes(), unpack.Options{Path: "d"}); err == nil || fault.HintOf(err) == "" {
		t.Errorf("Read(100,000 files in the directory) = %v, want an error with a hint", err)
	}
	if _, err := read(b.Bytes(), unpack.Options{Path: "e"}); err == nil || fault.HintOf(err) == "" {
		t.Errorf("Read(100,000 files beside the directory) = %v, want an error with a hint", err)
	}
	got, err := read(b.Bytes(), unpack.Options{Path: "d/7/7", Limits: unpack.WholeRepository()})
	if err != nil || len(got) != 1 {
		t.Errorf("Read(whole repository) = %d files, %v, want 1, nil", len(got), err)
	}
}

// What is not kept costs no memory: 256 MiB beside the directory pass through.
func TestReadMemoryIsBounded(t *testing.T) {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := tar.NewWriter(z)
	block := make([]byte, 1<<20)
	for i := range 256 {
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("e/%d", i), Size: int64(len(block))})
		w.Write(block)
	}
	w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "d/a", Size: 1})
	w.Write([]byte("a"))
	w.Close()
	z.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := read(b.Bytes(), unpack.Options{Path: "d"}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("Read of 256 MiB allocated %d bytes in all, want at most 2 MiB", got)
	}
}

func TestReadStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	data := pack(t, file("d/a", "a"))
	if _, _, err := new(unpack.Reader).Read(ctx, bytes.NewReader(data), unpack.Options{SHA256: sum(data)}); !errors.Is(err, context.Canceled) {
		t.Errorf("Read(ended context) = %v, want context.Canceled", err)
	}
	gone := errors.New("client gone")
	r := io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(gone))
	if _, _, err := new(unpack.Reader).Read(context.Background(), r, unpack.Options{SHA256: sum(data)}); !errors.Is(err, gone) {
		t.Errorf("Read(broken reader) = %v, want its error", err)
	}
}

// Reads of any size and split give the same directory.
func TestReadOneByteAtATime(t *testing.T) {
	data := pack(t, file("d/a", strings.Repeat("abc", 1000)), file("d/b/c", "c"))
	want, err := read(data, unpack.Options{Path: "d"})
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := new(unpack.Reader).Read(context.Background(), iotest.OneByteReader(bytes.NewReader(data)), unpack.Options{Path: "d", SHA256: sum(data)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got.Files()); d != "" {
		t.Errorf("Read(one byte at a time) (-want +got):\n%s", d)
	}
}

// FuzzRead feeds tar bytes (compressed here, so that the fuzzer reaches the
// tar reader). Whatever comes in, names of the result are clean and limits hold.
func FuzzRead(f *testing.F) {
	for _, e := range [][]entry{
		{file("d/a", "a"), file("d/b/c", "c")}, {file("../x", "")}, {special(tar.TypeSymlink, "d/l", "a")},
		{special(tar.TypeLink, "d/l", "d/a")}, {file("d/"+strings.Repeat("long", 60), "pax")},
	} {
		zr, err := gzip.NewReader(bytes.NewReader(pack(f, e...)))
		if err != nil {
			f.Fatal(err)
		}
		raw, _ := io.ReadAll(zr)
		f.Add(raw, "d")
	}
	limits := unpack.Limits{Kept: 1 << 16, File: 1 << 12, Files: 32, Depth: 4, Path: 64, Entries: 64, Decompressed: 1 << 20, Compressed: 1 << 20}
	f.Fuzz(func(t *testing.T, raw []byte, path string) {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		z.Write(raw)
		z.Close()
		files, err := read(b.Bytes(), unpack.Options{Path: path, Limits: limits})
		if err != nil {
			if len(files) > 0 {
				t.Errorf("Read = %d files and %v, want none with an error", len(files), err)
			}
			return
		}
		total := 0
		for name, data := range files {
			total += len(data)
			if name == "" || len(name) > limits.Path || strings.HasPrefix(name, "/") || strings.Contains("/"+name+"/", "/../") {
				t.Errorf("Read kept the name %q", name)
			}
		}
		if len(files) > limits.Files || int64(total) > limits.Kept {
			t.Errorf("Read kept %d files with %d bytes, want at most %d and %d", len(files), total, limits.Files, limits.Kept)
		}
	})
}
