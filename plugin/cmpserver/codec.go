package cmpserver

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// codec is protobuf for the messages of this package; all others (those of
// the health service) go to gRPC's own codec.
type codec struct{ other encoding.CodecV2 }

var _ encoding.CodecV2 = codec{}

func newCodec() codec { return codec{encoding.GetCodecV2(proto.Name)} }

// Marshal writes a message.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(interface{ marshal() []byte }); ok {
		return mem.BufferSlice{mem.SliceBuffer(m.marshal())}, nil
	}
	return c.other.Marshal(v)
}

// Unmarshal reads a message; what it keeps of data it copies.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(interface{ unmarshal([]byte) error })
	if !ok {
		return c.other.Unmarshal(data, v)
	}
	if err := m.unmarshal(data.Materialize()); err != nil {
		return fmt.Errorf("reading message: %w", err)
	}
	return nil
}

// Name is that of the codec that clients ask for.
func (c codec) Name() string { return proto.Name }
