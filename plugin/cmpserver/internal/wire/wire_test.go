package wire_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gatorcloud/sluice/plugin/cmpserver/internal/wire"
)

func message(number protowire.Number, fields ...string) []byte {
	var inner []byte
	for i, f := range fields {
		inner = protowire.AppendString(protowire.AppendTag(inner, protowire.Number(i+1), protowire.BytesType), f)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
}

func TestUnmarshalRefuses(t *testing.T) {
	good := message(1, "app", "path", "sum")
	for name, b := range map[string][]byte{
		"Truncated":   good[:len(good)-1],
		"NoTag":       {0x80},
		"FieldZero":   {0x00, 0x00},
		"BadWireType": {0x0f},
		"EndlessText": {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"BadInner":    append([]byte{0x0a, 0x01}, 0x80),
	} {
		t.Run(name, func(t *testing.T) {
			var r wire.StreamRequest
			if err := r.Unmarshal(b); err == nil {
				t.Errorf("Unmarshal(%x) = %+v, nil, want an error", b, r)
			}
		})
	}
}

// Variables are bounded in number: each costs more here than on the wire.
func TestUnmarshalBoundsVariables(t *testing.T) {
	var inner []byte
	for i := range 100_000 {
		e := message(5, string(rune('a'+i%26))+string(rune(0x4e00+i/26)))
		inner = append(inner, e...)
	}
	var r wire.StreamRequest
	if err := r.Unmarshal(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), inner)); err == nil || len(r.Metadata.Env) > 10_000 {
		t.Errorf("Unmarshal(100,000 variables) = %v and %d of them, want an error and a bound", err, len(r.Metadata.Env))
	}
}

// FuzzUnmarshal looks for panics and for parts that are larger than the whole.
func FuzzUnmarshal(f *testing.F) {
	f.Add(message(1, "app", "path", "sum"))
	f.Add(message(2, "chunk"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r wire.StreamRequest
		if err := r.Unmarshal(b); err != nil {
			return
		}
		size := len(r.Chunk)
		if m := r.Metadata; m != nil {
			size += len(m.AppName) + len(m.AppRelPath) + len(m.Checksum)
		}
		if size > len(b) {
			t.Errorf("Unmarshal(%d bytes) holds %d bytes", len(b), size)
		}
	})
}
