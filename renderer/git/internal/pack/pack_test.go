package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// tempDisk is a disk below a test's directory.
type tempDisk struct{ t testing.TB }

func (d tempDisk) CreateTemp(prefix string) (*os.File, error) {
	return os.CreateTemp(d.t.TempDir(), prefix)
}
func (d tempDisk) Write(f *os.File, b []byte) (int, error) { return f.Write(b) }
func (d tempDisk) Rename(from, to string) error            { return os.Rename(from, to) }

// blobs returns n different contents; some are long and do not compress.
func blobs(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([][]byte, n)
	for i := range all {
		all[i] = []byte(strings.Repeat(fmt.Sprintf("line %d\n", i), i%40))
		if i%10 == 0 {
			for range 5000 {
				all[i] = append(all[i], byte(r.Uint32()))
			}
		}
	}
	return all
}

// write returns a pack of the contents, added from several goroutines.
func write(t testing.TB, contents [][]byte) *Pack {
	t.Helper()
	w := NewWriter(tempDisk{t}, NewBatches())
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			b := w.Batch()
			for i, data := range contents {
				if i%3 == g%3 { // the fourth repeats the first
					if err := b.Add(object.Blob, object.Sum(object.Blob, data), data); err != nil {
						t.Error(err)
					}
				}
			}
			if err := b.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Discard)
	return p
}

// store writes a pack and its index and returns the path of the pack.
func store(t testing.TB, p *Pack) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pack-"+p.Checksum.String()+".pack")
	data, err := io.ReadAll(p.Reader())
	if err == nil {
		err = errors.Join(os.WriteFile(path, data, 0o666), os.WriteFile(strings.TrimSuffix(path, ".pack")+".idx", p.Index(), 0o666))
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPackAndIndexAreThoseOfGit has git index packs of this writer, in memory
// and on the disk, and compares the index byte for byte.
func TestPackAndIndexAreThoseOfGit(t *testing.T) {
	for name, n := range map[string]int{"Empty": 0, "One": 1, "Memory": 50, "Spilled": 4000} {
		t.Run(name, func(t *testing.T) {
			p := write(t, blobs(n))
			if onDisk := p.File() != nil; onDisk != (name == "Spilled") {
				t.Errorf("pack is on the disk: %v", onDisk)
			}
			path := store(t, p)
			theirs := path + ".theirs.idx"
			gittest.Git(t, gittest.New(t).Dir, "index-pack", "--strict", "-o", theirs, path)
			want, err := os.ReadFile(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(p.Index(), want) {
				t.Errorf("index differs from git's: %d bytes, want %d", len(p.Index()), len(want))
			}
		})
	}
}

func TestReadsWhatItWrote(t *testing.T) {
	contents := blobs(500)
	f, err := Open(store(t, write(t, contents)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, data := range contents {
		h := object.Sum(object.Blob, data)
		k, got, err := f.Read(h, nil)
		if err != nil || k != object.Blob || !bytes.Equal(got, data) || !f.Has(h) {
			t.Fatalf("Read(%s) = %v, %d bytes, %v, want blob, %d bytes", h, k, len(got), err, len(data))
		}
	}
	for i := range 1000 {
		h := object.Sum(object.Blob, fmt.Appendf(nil, "absent %d", i))
		if _, _, err := f.Read(h, nil); !errors.Is(err, ErrMissing) || f.Has(h) {
			t.Fatalf("Read(%s) of an absent object = %v, want ErrMissing", h, err)
		}
	}
}

// deltified returns a pack that git made with deltas, and the repository.
func deltified(t testing.TB, args ...string) (*gittest.Repo, []byte) {
	t.Helper()
	repo := gittest.New(t)
	var stream strings.Builder
	file := ""
	for i := range 60 {
		file += fmt.Sprintf("%d: some text that stays the same in every version of the file\n", i)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 0\nM 100644 inline file\ndata %d\n%s\n", i, len(file), file)
	}
	if _, err := gittest.TryGit(repo.Dir, []byte(stream.String()), "fast-import", "--quiet"); err != nil {
		t.Fatal(err)
	}
	list := repo.Git("rev-list", "--objects", "--all")
	var names strings.Builder
	for line := range strings.Lines(list) {
		names.WriteString(line[:40] + "\n")
	}
	data, err := gittest.TryGit(repo.Dir, []byte(names.String()), append([]string{"pack-objects", "--stdout", "-q", "--depth=40", "--window=20", "--no-reuse-delta"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return repo, []byte(data)
}

// TestReceive indexes packs with both kinds of deltas and compares index and
// contents with git's.
func TestReceive(t *testing.T) {
	for name, args := range map[string][]string{"Offsets": {"--delta-base-offset"}, "Names": nil} {
		t.Run(name, func(t *testing.T) {
			repo, data := deltified(t, args...)
			p, err := Receive(bytes.NewReader(data), tempDisk{t})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Discard()
			path := store(t, p)
			theirs := path + ".theirs.idx"
			gittest.Git(t, repo.Dir, "index-pack", "--strict", "-o", theirs, path)
			if want, err := os.ReadFile(theirs); err != nil || !bytes.Equal(p.Index(), want) {
				t.Errorf("index differs from git's: %v", err)
			}
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			names := strings.Fields(repo.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
			if len(names) != p.Count {
				t.Errorf("pack has %d objects, want %d", p.Count, len(names))
			}
			for _, name := range names {
				h, _ := object.Parse(name)
				k, data, err := f.Read(h, nil)
				if got := object.Sum(k, data); err != nil || got != h {
					t.Fatalf("Read(%s) = an object called %s, %v", h, got, err)
				}
			}
		})
	}
}

func TestReceiveRefuses(t *testing.T) {
	repo, whole := deltified(t)
	thin, err := gittest.TryGit(repo.Dir, []byte(repo.Git("rev-parse", "main:file")+"\n"), "pack-objects", "--stdout", "-q")
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	cases := map[string][]byte{
		"Nothing":   nil,
		"CutOff":    whole[:len(whole)-30],
		"Flipped":   flipped,
		"NoPack":    bytes.Repeat([]byte("x"), 100),
		"TrailingX": append(bytes.Clone(whole), 'x'),
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Receive(bytes.NewReader(data), tempDisk{t}); err == nil {
				t.Error("Receive(...) = nil, want an error")
			}
		})
	}
	if p, err := Receive(strings.NewReader(thin), tempDisk{t}); err != nil || p.Count != 1 {
		t.Errorf("Receive of a pack with one object = %v, %v", p, err)
	}
}

func TestThinPackIsNamed(t *testing.T) {
	repo := gittest.New(t)
	long := strings.Repeat("a line of some length\n", 200)
	repo.Write("file", long)
	repo.Write("file", long+"more")
	thin, err := gittest.TryGit(repo.Dir, []byte("main\n^main~1\n"), "pack-objects", "--stdout", "-q", "--thin", "--revs", "--no-reuse-delta")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Receive(strings.NewReader(thin), tempDisk{t}); !errors.Is(err, ErrThin) {
		t.Errorf("Receive of a thin pack = %v, want ErrThin", err)
	}
}

func TestCopyTo(t *testing.T) {
	contents := blobs(300)
	w := NewWriter(tempDisk{t}, nil)
	for _, part := range [][][]byte{contents[:200], contents[100:]} {
		f, err := Open(store(t, write(t, part)))
		if err == nil {
			err = f.CopyTo(w)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	p, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if want := write(t, contents); p.Count != want.Count || p.Size != want.Size {
		t.Errorf("joined pack: %d objects, %d bytes, want %d, %d", p.Count, p.Size, want.Count, want.Size)
	}
	gittest.Git(t, gittest.New(t).Dir, "index-pack", "--strict", store(t, p))
	_, deltas := deltified(t)
	received, err := Receive(bytes.NewReader(deltas), tempDisk{t})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(store(t, received))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.CopyTo(NewWriter(tempDisk{t}, nil)); err == nil {
		t.Error("CopyTo of a pack with deltas = nil, want an error: offsets change")
	}
}

// TestLargeOffsets checks the table of offsets beyond 2 GiB.
func TestLargeOffsets(t *testing.T) {
	entries := []indexEntry{{object.Hash{1}, 1, 12}, {object.Hash{2}, 2, 1 << 31}, {object.Hash{3}, 3, 1<<40 + 5}, {object.Hash{3, 1}, 4, 1<<31 - 1}}
	path := filepath.Join(t.TempDir(), "x.idx")
	if err := os.WriteFile(path, encodeIndex(entries, make([]byte, object.Size)), 0o666); err != nil {
		t.Fatal(err)
	}
	x, err := openIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if at, ok, err := x.find(e.hash); at != e.offset || !ok || err != nil {
			t.Errorf("find(%s) = %d, %v, %v, want %d", e.hash, at, ok, err, e.offset)
		}
	}
	if _, ok, err := x.find(object.Hash{2, 5}); ok || err != nil {
		t.Errorf("find of an absent name = %v, %v, want false", ok, err)
	}
}

// TestLargeIndex reads an index page by page, as it does beyond a few megabytes,
// until one that is not too large has been read so often that it is held.
func TestLargeIndex(t *testing.T) {
	for name, held := range map[string]bool{"Busy": true, "Larger": false} {
		t.Run(name, func(t *testing.T) { testLargeIndex(t, held) })
	}
}

func testLargeIndex(t *testing.T, held bool) {
	var entries []indexEntry
	for i := range 20000 {
		entries = append(entries, indexEntry{object.Sum(object.Blob, fmt.Appendf(nil, "%d", i)), uint32(i), int64(headerSize + i)})
	}
	sortIndex(entries)
	path := filepath.Join(t.TempDir(), "x.idx")
	if err := os.WriteFile(path, encodeIndex(entries, make([]byte, object.Size)), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	x, err := readIndex(f)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	if !held {
		x.size += busyIndex
	}
	for i, e := range entries {
		if i == 10 && x.memory.Load() != nil {
			t.Error("the index is in memory after a few lookups")
		}
		at, ok, err := x.find(e.hash)
		if at != e.offset || !ok || err != nil {
			t.Fatalf("find(%s) = %d, %v, %v, want %d", e.hash, at, ok, err, e.offset)
		}
		e.hash[19] ^= 1
		if _, ok, err := x.find(e.hash); ok || err != nil {
			t.Fatalf("find of an absent name = %v, %v", ok, err)
		}
	}
	if got := x.memory.Load() != nil; got != held {
		t.Errorf("the index of %d bytes is in memory = %t after %d lookups, want %t", x.size, got, 2*len(entries), held)
	}
}

// FuzzReceive feeds packs whose checksum is right and whose content is hostile.
func FuzzReceive(f *testing.F) {
	_, deltas := deltified(f)
	f.Add(deltas[:len(deltas)-object.Size])
	small, err := io.ReadAll(write(f, blobs(3)).Reader())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small[:len(small)-object.Size])
	f.Fuzz(func(t *testing.T, data []byte) {
		disk := tempDisk{t}
		d := newDigest()
		d.Write(data)
		sum := d.sum()
		p, err := Receive(bytes.NewReader(append(data, sum[:]...)), disk)
		if err != nil {
			return
		}
		defer p.Discard()
		pf, err := Open(store(t, p))
		if err != nil {
			t.Fatalf("Open of a pack that was received: %v", err)
		}
		defer pf.Close()
		entries, err := pf.index.all()
		if err != nil || len(entries) != p.Count {
			t.Fatalf("index lists %d objects, %v, want %d", len(entries), err, p.Count)
		}
		for _, e := range entries {
			if k, data, err := pf.Read(e.hash, nil); err != nil || object.Sum(k, data) != e.hash {
				t.Fatalf("Read(%s) = %v", e.hash, err)
			}
		}
	})
}

func FuzzApplyDelta(f *testing.F) {
	f.Add([]byte("base"), []byte{4, 4, 0x90, 4})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		_, _ = applyDelta(base, delta) // must neither panic nor take all memory
	})
}
