package unpack_test

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/google/go-cmp/cmp"
)

// A Reader that has read other archives, good and bad ones, cut short or
// refused half-way, reads each as a new one does.
func TestReaderIsUsedAgain(t *testing.T) {
	large := pack(t, file("d/a", strings.Repeat("some text ", 9000)), file("d/b/c", "c"))
	archives := [][]byte{
		large, pack(t, file("d/a", "a")), nil, []byte("hello, world"), large[:len(large)/2], append(bytes.Clone(large), large...),
		pack(t, file("d/a", "a"), special(tar.TypeSymlink, "d/l", "a"), file("d/z", strings.Repeat("z", 1<<20))), reaching(3),
	}
	type result struct {
		Files map[string][]byte
		Err   string
	}
	get := func(r *unpack.Reader, data []byte) result {
		d, _, err := r.Read(context.Background(), bytes.NewReader(data), unpack.Options{Path: "d", SHA256: sum(data), Size: int64(len(data))})
		if err != nil {
			return result{Err: err.Error()}
		}
		return result{Files: d.Files()}
	}
	var want []result
	for _, a := range archives {
		want = append(want, get(new(unpack.Reader), a))
	}
	var one unpack.Reader
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(g)))
			for range 60 {
				i := random.IntN(len(archives))
				// Diff is slow on large texts that are equal.
				if got := get(&one, archives[i]); !reflect.DeepEqual(want[i], got) {
					t.Errorf("Read(archive %d) after others (-want +got):\n%s", i, cmp.Diff(want[i], got))
				}
			}
		})
	}
	wg.Wait()
}

// reaching returns a gzip stream whose first symbol copies n <= 10 bytes that
// lie before its beginning.
func reaching(n byte) []byte {
	// One last block with fixed codes: a length, the distance 1, the end of the block.
	code := byte(257 + int(n) - 3 - 256) // 7 bits, the first of which is the highest
	bits := uint32(0b011)
	for i := range 7 {
		bits |= uint32(code>>(6-i)&1) << (3 + i)
	}
	header := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	return append(header, byte(bits), byte(bits>>8), byte(bits>>16), 0, 0, 0, 0, n, 0, 0, 0)
}

// No archive reads what is left in a Reader of an earlier one.
func TestReaderForgets(t *testing.T) {
	var r unpack.Reader
	secret := pack(t, file("d/a", strings.Repeat("secret", 1<<14)))
	for range 20 {
		if _, _, err := r.Read(context.Background(), bytes.NewReader(secret), unpack.Options{Path: "d", SHA256: sum(secret)}); err != nil {
			t.Fatal(err)
		}
		data := reaching(3)
		_, stats, err := r.Read(context.Background(), bytes.NewReader(data), unpack.Options{Path: "d", SHA256: sum(data)})
		if err == nil || !strings.Contains(err.Error(), "corrupt") || stats.Decompressed > 0 {
			t.Fatalf("Read(copy of what was before) = %v after %d bytes, want a refusal before the first", err, stats.Decompressed)
		}
	}
}

// FuzzReadStream feeds compressed bytes to one Reader, in a frame whose checksum
// is right. What it makes of them is what the standard library's decoder does.
func FuzzReadStream(f *testing.F) {
	good := pack(f, file("d/a", strings.Repeat("some text ", 90)), file("d/b/c", "c"))
	for _, seed := range [][]byte{good, pack(f, file("d/a", "")), pack(f, file("d/x", strings.Repeat("0", 1<<16))), reaching(3)} {
		f.Add(seed[10 : len(seed)-8])
	}
	var one unpack.Reader
	limits := unpack.Limits{Decompressed: 1 << 20, Compressed: 1 << 20}
	f.Fuzz(func(t *testing.T, deflated []byte) {
		rest := bytes.NewReader(deflated)
		plain, fault := io.ReadAll(io.LimitReader(flate.NewReader(rest), 1<<20+1))
		if len(plain) > 1<<20 {
			return
		}
		data := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}, deflated[:len(deflated)-rest.Len()]...)
		data = binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(plain))
		data = binary.LittleEndian.AppendUint32(data, uint32(len(plain)))
		got, _, err := one.Read(context.Background(), bytes.NewReader(data), unpack.Options{Path: "d", SHA256: sum(data), Limits: limits})
		if fault != nil {
			if err == nil {
				t.Fatalf("Read = %d files, the standard library says %v", len(got.Files()), fault)
			}
			return
		}
		var again bytes.Buffer
		w := gzip.NewWriter(&again)
		w.Write(plain)
		w.Close()
		want, wanted := read(again.Bytes(), unpack.Options{Path: "d", Limits: limits})
		if (err == nil) != (wanted == nil) || err == nil && !reflect.DeepEqual(want, got.Files()) {
			t.Errorf("Read = %v, of the same packed anew %v\n%s", err, wanted, cmp.Diff(want, got.Files()))
		}
	})
}

// BenchmarkRead is an archive of an overlay's size: 22 files, 45 KB.
func BenchmarkRead(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var entries []entry
	for i := range 22 {
		var text strings.Builder
		for text.Len() < 2000 {
			text.WriteString([]string{"name: ", "value\n", "  spec:\n", "- ", "replicas: ", "13\n", "image: a/b"}[random.IntN(7)])
		}
		entries = append(entries, file("d/base/workloads/"+string(rune('a'+i))+".yaml", text.String()))
	}
	data := pack(b, entries...)
	o := unpack.Options{Path: "d", SHA256: sum(data), Size: int64(len(data))}
	var r unpack.Reader
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.Read(b.Context(), bytes.NewReader(data), o); err != nil {
			b.Fatal(err)
		}
	}
}
