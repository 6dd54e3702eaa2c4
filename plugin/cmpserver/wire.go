package cmpserver

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gatorcloud/sluice/plugin"
)

// streamRequest is AppStreamRequest: one of metadata and a chunk of the archive.
type streamRequest struct {
	metadata *metadata
	chunk    []byte
	isChunk  bool
}

// metadata is ManifestRequestMetadata.
type metadata struct {
	appName, appRelPath, checksum string
	size                          int64
	env                           map[string]string // the last of equal names counts, as for processes
}

// maxEnv bounds the variables of one request.
const maxEnv = 8192

func (r *streamRequest) unmarshal(b []byte) error {
	return fields(b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			r.metadata = &metadata{env: map[string]string{}}
			return fields(v.bytes, r.metadata.set)
		case 2:
			r.isChunk = true
			return fields(v.bytes, func(n protowire.Number, v field) error {
				if n == 1 {
					r.chunk = v.bytes
				}
				return nil
			})
		}
		return nil
	})
}

func (m *metadata) set(n protowire.Number, v field) error {
	switch n {
	case 1:
		m.appName = string(v.bytes)
	case 2:
		m.appRelPath = string(v.bytes)
	case 3:
		m.checksum = string(v.bytes)
	case 4:
		m.size = int64(v.number)
	case 5:
		return m.setEnv(v.bytes)
	}
	return nil
}

func (m *metadata) setEnv(b []byte) error {
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
	if m.env[name] = value; len(m.env) > maxEnv {
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

// empty is google.protobuf.Empty.
type empty struct{}

func (*empty) unmarshal([]byte) error { return nil }

// manifests is ManifestResponse.
type manifests struct{ documents [][]byte }

func (m *manifests) marshal() []byte {
	size := 0
	for _, d := range m.documents {
		size += protowire.SizeTag(1) + protowire.SizeBytes(len(d))
	}
	b := make([]byte, 0, size)
	for _, d := range m.documents {
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendBytes(b, d)
	}
	return b
}

// repository is RepositoryResponse.
type repository struct{ isSupported, isDiscoveryEnabled bool }

func (r *repository) marshal() []byte {
	return appendBool(appendBool(nil, 1, r.isSupported), 2, r.isDiscoveryEnabled)
}

// configuration is CheckPluginConfigurationResponse.
type configuration struct{ isDiscoveryConfigured, provideGitCreds bool }

func (c *configuration) marshal() []byte {
	return appendBool(appendBool(nil, 1, c.isDiscoveryConfigured), 2, c.provideGitCreds)
}

// announcements is ParametersAnnouncementResponse.
type announcements struct{ list []plugin.Announcement }

func (a *announcements) marshal() []byte {
	var b []byte
	for _, p := range a.list {
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendBytes(b, announcement(p))
	}
	return b
}

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
