package cmpserver_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// archive packs headers with one byte of data each where they are files.
func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := tar.NewWriter(z)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size = 1
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write([]byte("x"))
		}
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func header(path, checksum string, size int) *apiclient.AppStreamRequest {
	return &apiclient.AppStreamRequest{Request: &apiclient.AppStreamRequest_Metadata{Metadata: &apiclient.ManifestRequestMetadata{
		AppName: "x", AppRelPath: path, Checksum: checksum, Size_: int64(size)}}}
}

func chunk(b []byte) *apiclient.AppStreamRequest {
	return &apiclient.AppStreamRequest{Request: &apiclient.AppStreamRequest_File{File: &apiclient.File{Chunk: b}}}
}

// send writes messages and half-closes; like Argo CD's client it looks for the
// answer only after the last one.
func send(ctx context.Context, c apiclient.ConfigManagementPluginServiceClient, messages ...*apiclient.AppStreamRequest) error {
	stream, err := c.GenerateManifest(ctx)
	if err != nil {
		return err
	}
	for i, m := range messages {
		if err := stream.Send(m); err != nil {
			return fmt.Errorf("sending message %d: %w", i, err)
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}

func TestGenerateManifestRefusesArchives(t *testing.T) {
	short.Skip(t, "sends large archives")
	s := start(t, cmpserver.Options{})
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644} }
	good := archive(t, file("a/sluice.yaml"))
	many := make([]tar.Header, 100_000)
	for i := range many {
		many[i] = file(fmt.Sprintf("a/%d/%d", i%100, i))
	}
	chunks := func(b []byte) (all []*apiclient.AppStreamRequest) {
		for ; len(b) > 0; b = b[min(len(b), 1024):] {
			all = append(all, chunk(b[:min(len(b), 1024)]))
		}
		return all
	}
	whole := func(b []byte) []*apiclient.AppStreamRequest {
		return append([]*apiclient.AppStreamRequest{header("a", sum(b), len(b))}, chunks(b)...)
	}
	for name, tc := range map[string]struct {
		messages []*apiclient.AppStreamRequest
		want     codes.Code
	}{
		"ParentSegment":    {whole(archive(t, file("../x"))), codes.InvalidArgument},
		"Absolute":         {whole(archive(t, file("/etc/x"))), codes.InvalidArgument},
		"Symlink":          {whole(archive(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "a/l", Linkname: "/etc/passwd"})), codes.InvalidArgument},
		"HardLink":         {whole(archive(t, tar.Header{Typeflag: tar.TypeLink, Name: "a/l", Linkname: "a/x"})), codes.InvalidArgument},
		"Device":           {whole(archive(t, tar.Header{Typeflag: tar.TypeBlock, Name: "a/d"})), codes.InvalidArgument},
		"HundredThousand":  {whole(archive(t, many...)), codes.InvalidArgument},
		"WrongChecksum":    {append([]*apiclient.AppStreamRequest{header("a", sum([]byte("x")), len(good))}, chunks(good)...), codes.Unavailable},
		"Truncated":        {append([]*apiclient.AppStreamRequest{header("a", sum(good), len(good))}, chunks(good[:len(good)-8])...), codes.Unavailable},
		"NoArchive":        {[]*apiclient.AppStreamRequest{header("a", sum(nil), 0)}, codes.Unavailable},
		"PathOutside":      {append([]*apiclient.AppStreamRequest{header("../a", sum(good), len(good))}, chunks(good)...), codes.InvalidArgument},
		"NoSuchDirectory":  {append([]*apiclient.AppStreamRequest{header("b", sum(good), len(good))}, chunks(good)...), codes.InvalidArgument},
		"NoMetadata":       {chunks(good), codes.InvalidArgument},
		"MetadataTwice":    {[]*apiclient.AppStreamRequest{header("a", sum(good), len(good)), header("a", sum(good), len(good))}, codes.InvalidArgument},
		"NothingOfOneof":   {[]*apiclient.AppStreamRequest{header("a", sum(good), len(good)), {}}, codes.InvalidArgument},
		"EmptyFirst":       {[]*apiclient.AppStreamRequest{{}}, codes.InvalidArgument},
		"NegativeSize":     {append([]*apiclient.AppStreamRequest{header("a", sum(good), -1)}, chunks(good)...), codes.FailedPrecondition},
		"NotADescriptor":   {whole(good), codes.FailedPrecondition},
		"EmptyChunks":      {[]*apiclient.AppStreamRequest{header("a", sum(good), len(good)), chunk(nil), chunk(good), chunk(nil)}, codes.FailedPrecondition},
		"RefusedAtOnce":    {append([]*apiclient.AppStreamRequest{header("../a", "", 0)}, chunks(bytes.Repeat([]byte("x"), 4<<20))...), codes.InvalidArgument},
		"RefusedMidStream": {append(whole(archive(t, file("../x"))), chunks(bytes.Repeat([]byte("x"), 4<<20))...), codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := send(ctx, s.dial(t), tc.messages...)
			if status.Code(err) != tc.want {
				t.Fatalf("GenerateManifest = %v, want %v", err, tc.want)
			}
			readsWell(t, err)
		})
	}
	if got := s.metric(t, "sluice_cmp_in_flight"); got != 0 {
		t.Errorf("sluice_cmp_in_flight = %v, want 0", got)
	}
}
