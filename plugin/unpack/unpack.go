// Package unpack turns the archive that Argo CD streams to a plugin into a
// directory in memory.
//
// Nothing is written to a disk, so no name in an archive can reach one. The
// archive is decoded while it arrives: memory is bounded by what is kept (one
// directory of it) and not by what is sent. A Dir is returned only after the
// last byte was read and the checksum matched.
//
// What Argo CD's own sender never writes is refused wherever it occurs: names
// that are absolute or contain "..", hard links, devices, pipes, sparse files.
// A symbolic link, which it does write when the repository holds one, is
// refused inside the wanted directory and passed over elsewhere.
package unpack

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// ErrNoFiles is in the error's tree when an archive in order has no file below Options.Path.
var ErrNoFiles = errors.New("no file")

// Options says what to read and how much of it to believe.
type Options struct {
	// Path is the wanted directory, relative to the archive's root; "" and "." mean all of it.
	Path string
	// SHA256 is the expected lower-case hex digest of the compressed stream.
	SHA256 string
	// Size is the expected length of the compressed stream in bytes; 0 means not announced.
	Size int64
	// Limits bounds the archive; zero fields take the value of Defaults.
	Limits Limits
}

// Stats says what one archive held. It is filled as far as the reading came.
type Stats struct {
	// Compressed is the number of bytes that arrived.
	Compressed int64
	// Decompressed is the number of bytes after gzip.
	Decompressed int64
	// Entries counts all entries, Kept the files below Options.Path.
	Entries, Kept int
}

// hintResend is for archives that were damaged on their way.
const hintResend = "refresh the Application (hard); if it comes again, look at the repo-server's log and disk"

// Reader reads archives, several at once if need be. It keeps buffers for the
// next archive, and nothing of the last one. The zero value is ready for use.
type Reader struct{ decoders sync.Pool }

// decoder is the buffers that one archive takes, 70 KiB.
type decoder struct {
	// stream is read ahead of zip, which leaves it just behind its own end.
	stream *bufio.Reader
	zip    gzip.Reader
}

// block is how much of a stream is read at once, in bytes.
const block = 32 << 10

func (r *Reader) decoder() *decoder {
	if d, ok := r.decoders.Get().(*decoder); ok {
		return d
	}
	return &decoder{stream: bufio.NewReaderSize(nil, block)}
}

// Read reads a gzip-compressed tar stream to its end and returns the directory
// at o.Path. It fails when the archive breaks a limit or a rule of the package,
// when the stream ends early, is longer or other than announced, and when the
// directory holds no file. Work stops soon after ctx ends.
func (r *Reader) Read(ctx context.Context, stream io.Reader, o Options) (*tree.Dir, Stats, error) {
	root, err := cleanRoot(o.Path)
	if err != nil {
		return nil, Stats{}, fmt.Errorf("unpacking archive: %w", err)
	}
	o.Limits = o.Limits.orDefaults()
	d := r.decoder()
	defer r.decoders.Put(d)
	in := &input{alive: ctx.Err, r: stream, sum: sha256.New(), max: o.Limits.Compressed}
	d.stream.Reset(in)
	defer d.stream.Reset(nil)
	a := &archive{limits: o.Limits, root: root, files: map[string][]byte{}}
	err = a.decode(d)
	if err == nil || !in.failed() {
		// A damaged stream breaks gzip or tar before its end; the checksum names the real cause.
		err = errors.Join(in.verify(d.stream, o, err == nil), err)
	}
	a.stats.Compressed = in.count
	if err != nil {
		return nil, a.stats, fmt.Errorf("unpacking archive: %w", first(err))
	}
	dir, err := a.dir()
	return dir, a.stats, err
}

// first returns the first of joined errors: the later ones are its consequences.
func first(err error) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) && len(joined.Unwrap()) > 0 {
		return joined.Unwrap()[0]
	}
	return err
}

// archive collects the files of one stream.
type archive struct {
	limits Limits
	root   string // cleaned, "" for everything
	files  map[string][]byte
	bytes  int64 // of all kept files
	stats  Stats
}

// decode reads d's stream up to the end of its one gzip member.
func (a *archive) decode(d *decoder) error {
	if err := d.zip.Reset(d.stream); err != nil {
		return broken("reading gzip header", err)
	}
	d.zip.Multistream(false)
	plain := &bounded{r: &d.zip, left: a.limits.Decompressed, err: a.limits.tooMuch()}
	defer func() { a.stats.Decompressed = plain.count }()
	if err := a.entries(tar.NewReader(plain)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, plain); err != nil { // padding, and gzip's own checksum
		return broken("reading the end of the archive", err)
	}
	return nil
}

func (a *archive) entries(t *tar.Reader) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken("reading entry", err)
		}
		if a.stats.Entries++; a.stats.Entries > a.limits.Entries {
			return fault.Hintf(hintPaths, "archive has more than %d entries", a.limits.Entries)
		}
		if err := a.entry(h, t); err != nil {
			return err
		}
	}
}

// entry checks one header and keeps its file if it is wanted.
func (a *archive) entry(h *tar.Header, t io.Reader) error {
	name, err := cleanName(h.Name)
	if err != nil {
		return err
	}
	inside, wanted := below(a.root, name)
	switch err := checkType(h, wanted || leadsTo(name, a.root)); {
	case err != nil:
		return err
	case !wanted || h.Typeflag != tar.TypeReg:
		return nil
	}
	if err := a.limits.checkPath(inside); err != nil {
		return err
	}
	return a.keep(inside, h.Size, t)
}

// keep reads one file of the wanted directory.
func (a *archive) keep(name string, size int64, t io.Reader) error {
	if _, twice := a.files[name]; twice {
		return fault.Hintf(hintResend, "entry %q occurs twice", name)
	}
	if a.stats.Kept++; a.stats.Kept > a.limits.Files {
		return fault.Hintf(hintPaths, "directory has more than %d files", a.limits.Files)
	}
	if size > a.limits.File {
		return fault.Hintf("rendered files are small; this one was not written by sluice", "file %q has %d bytes, at most %d are allowed", name, size, a.limits.File)
	}
	if a.bytes += size; a.bytes > a.limits.Kept {
		return fault.Hintf(hintPaths, "directory has more than %d bytes", a.limits.Kept)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(t, data); err != nil {
		return broken(fmt.Sprintf("reading file %q", name), err)
	}
	a.files[name] = data
	return nil
}

// dir builds the directory from the collected files.
func (a *archive) dir() (*tree.Dir, error) {
	if len(a.files) == 0 {
		return nil, fault.Hintf("the Application's path must be a directory that sluice rendered", "unpacking archive: %w below %q", ErrNoFiles, a.root)
	}
	d, err := tree.FromFiles(a.files)
	if err != nil {
		return nil, fault.Hintf(hintResend, "unpacking archive: %w", err)
	}
	return d, nil
}

// broken wraps a decoding error; an early end is told apart from damage.
func broken(doing string, err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fault.New(fault.Retry, hintResend, "%s: archive is truncated", doing)
	default:
		return fault.New(fault.Retry, hintResend, "%s: %w", doing, err)
	}
}
