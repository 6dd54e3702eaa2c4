// Package wire reads and writes the messages of Argo CD's plugin.proto.
//
// Only the fields that the protocol's two sides exchange are known; a field
// that a newer Argo CD adds is passed over. Each message says which type of
// plugin.proto it is.
package wire

import (
	"fmt"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gatorcloud/sluice/plugin"
)

// StreamRequest is AppStreamRequest: one of metadata and a chunk of the archive.
type StreamRequest struct {
	Metadata *Metadata
	Chunk    []byte
	IsChunk  bool
}

// Metadata is ManifestRequestMetadata.
type Metadata struct {
	AppName, AppRelPath, Checksum string
	Size                          int64
	Env                           map[string]string // the last of equal names counts, as for processes
}

// maxEnv bounds the variables of one request.
const maxEnv = 8192

// Unmarshal reads the message; it keeps parts of b.
func (r *StreamRequest) Unmarshal(b []byte) error {
	return fields(b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			r.Metadata = &Metadata{Env: map[string]string{}}
			return fields(v.bytes, r.Metadata.set)
		case 2:
			r.IsChunk = true
			return fields(v.bytes, func(n protowire.Number, v field) error {
				if n == 1 {
					r.Chunk = v.bytes
				}
				return nil
			})
		}
		return nil
	})
}

func (m *Metadata) set(n protowire.Number, v field) error {
	switch n {
	case 1:
		m.AppName = string(v.bytes)
	case 2:
		m.AppRelPath = string(v.bytes)
	case 3:
		m.Checksum = string(v.bytes)
	case 4:
		m.Size = int64(v.number)
	case 5:
		return m.setEnv(v.bytes)
	}
	return nil
}

func (m *Metadata) setEnv(b []byte) error {
	var name, value string
	err := fields(b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			name = string(v.bytes)
		case 2:
			value = string(v.bytes)
		}
		return nil
	})
	if m.Env[name] = value; len(m.Env) > maxEnv {
		return fmt.Errorf("more than %d environment variables", maxEnv)
	}
	return err
}

// field is the value of one protobuf field: bytes for length-delimited ones, else a number.
type field struct {
	bytes  []byte
	number uint64
}

// fields calls f for every field of a message. What the message's type does not
// have is handed over too and meant to be passed over.
func fields(b []byte, f func(protowire.Number, field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var v field
		switch kind {
		case protowire.VarintType:
			v.number, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if kind != protowire.VarintType && kind != protowire.BytesType {
			continue
		}
		if err := f(number, v); err != nil {
			return err
		}
	}
	return nil
}

// Empty is google.protobuf.Empty.
type Empty struct{}

// Unmarshal reads nothing.
func (*Empty) Unmarshal([]byte) error { return nil }

// Manifests is ManifestResponse.
type Manifests struct{ Documents [][]byte }

// Marshal writes the message. The documents are not copied: they are sent from
// where they are and may not change before.
func (m *Manifests) Marshal() mem.BufferSlice {
	parts := make(mem.BufferSlice, 0, 2*len(m.Documents))
	heads := make([]byte, 0, 8*len(m.Documents))
	for _, d := range m.Documents {
		at := len(heads)
		heads = protowire.AppendVarint(protowire.AppendTag(heads, 1, protowire.BytesType), uint64(len(d)))
		parts = append(parts, mem.SliceBuffer(heads[at:]), mem.SliceBuffer(d))
	}
	return parts
}

// Repository is RepositoryResponse.
type Repository struct{ IsSupported, IsDiscoveryEnabled bool }

// Marshal writes the message.
func (r *Repository) Marshal() mem.BufferSlice {
	return whole(appendBool(appendBool(nil, 1, r.IsSupported), 2, r.IsDiscoveryEnabled))
}

// Configuration is CheckPluginConfigurationResponse.
type Configuration struct{ IsDiscoveryConfigured, ProvideGitCreds bool }

// Marshal writes the message.
func (c *Configuration) Marshal() mem.BufferSlice {
	return whole(appendBool(appendBool(nil, 1, c.IsDiscoveryConfigured), 2, c.ProvideGitCreds))
}

// Announcements is ParametersAnnouncementResponse.
type Announcements struct{ List []plugin.Announcement }

// Marshal writes the message.
func (a *Announcements) Marshal() mem.BufferSlice {
	var b []byte
	for _, p := range a.List {
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendBytes(b, announcement(p))
	}
	return whole(b)
}

func whole(b []byte) mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(b)} }

func announcement(p plugin.Announcement) []byte {
	b := appendString(nil, 1, p.Name)
	b = appendString(b, 2, p.Title)
	b = appendString(b, 3, p.Tooltip)
	b = appendBool(b, 4, p.Required)
	b = appendString(b, 5, p.ItemType)
	b = appendString(b, 6, p.CollectionType)
	b = appendString(b, 7, p.String)
	for _, s := range p.Array {
		b = protowire.AppendTag(b, 8, protowire.BytesType)
		b = protowire.AppendString(b, s)
	}
	for key, value := range p.Map {
		b = protowire.AppendTag(b, 9, protowire.BytesType)
		b = protowire.AppendBytes(b, appendString(appendString(nil, 1, key), 2, value))
	}
	return b
}

func appendString(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendBool(b []byte, n protowire.Number, v bool) []byte {
	if !v {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), 1)
}
