package wire

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// Codec is protobuf for the messages of this package; all others (those of
// the health service) go to gRPC's own codec.
type Codec struct{ other encoding.CodecV2 }

var _ encoding.CodecV2 = Codec{}

// NewCodec returns the codec.
func NewCodec() Codec { return Codec{encoding.GetCodecV2(proto.Name)} }

// Marshal writes a message.
func (c Codec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(interface{ Marshal() mem.BufferSlice }); ok {
		return m.Marshal(), nil
	}
	return c.other.Marshal(v)
}

// Unmarshal reads a message; what it keeps of data it copies.
func (c Codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(interface{ Unmarshal(data []byte) error })
	if !ok {
		return c.other.Unmarshal(data, v)
	}
	if err := m.Unmarshal(data.Materialize()); err != nil {
		return fmt.Errorf("reading message: %w", err)
	}
	return nil
}

// Name is that of the codec that clients ask for.
func (c Codec) Name() string { return proto.Name }
