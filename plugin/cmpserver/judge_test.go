package cmpserver_test

import (
	"testing"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	repoclient "github.com/argoproj/argo-cd/v2/reposerver/apiclient"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver/internal/wire"
)

// Whatever Argo CD's messages write is read here as they meant it.
func TestReadsWhatArgoCDWrites(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		var message apiclient.AppStreamRequest
		var want wire.StreamRequest
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			m := &apiclient.ManifestRequestMetadata{AppName: text.Draw(t, "app"), AppRelPath: text.Draw(t, "path"), Checksum: text.Draw(t, "sum"), Size_: rapid.Int64().Draw(t, "size")}
			want.Metadata = &wire.Metadata{AppName: m.AppName, AppRelPath: m.AppRelPath, Checksum: m.Checksum, Size: m.Size_, Env: map[string]string{}}
			for range rapid.IntRange(0, 5).Draw(t, "n") {
				e := &apiclient.EnvEntry{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")}
				m.Env = append(m.Env, e)
				want.Metadata.Env[e.Name] = e.Value
			}
			message.Request = &apiclient.AppStreamRequest_Metadata{Metadata: m}
		case 2:
			f := &apiclient.File{Chunk: rapid.SliceOf(rapid.Byte()).Draw(t, "chunk")}
			want.IsChunk, want.Chunk = true, f.Chunk
			message.Request = &apiclient.AppStreamRequest_File{File: f}
		}
		b, err := message.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var got wire.StreamRequest
		if err := got.Unmarshal(b); err != nil {
			t.Fatalf("Unmarshal(%x) = %v, want nil", b, err)
		}
		if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("Unmarshal(%x) (-want +got):\n%s", b, d)
		}
	})
}

// What is written here is read by Argo CD's messages as it was meant.
func TestWritesWhatArgoCDReads(t *testing.T) {
	text := rapid.String()
	texts := rapid.SliceOfN(text, 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		var docs [][]byte
		for _, d := range texts.Draw(t, "documents") {
			docs = append(docs, []byte(d))
		}
		var m apiclient.ManifestResponse
		if err := m.Unmarshal((&wire.Manifests{Documents: docs}).Marshal().Materialize()); err != nil {
			t.Fatal(err)
		}
		if len(m.Manifests) != len(docs) || m.SourceType != "" {
			t.Errorf("ManifestResponse = %q, want %q", m.Manifests, docs)
		}
		for i := range m.Manifests {
			if m.Manifests[i] != string(docs[i]) {
				t.Errorf("manifest %d = %q, want %q", i, m.Manifests[i], docs[i])
			}
		}
		want := wire.Repository{IsSupported: rapid.Bool().Draw(t, "supported"), IsDiscoveryEnabled: rapid.Bool().Draw(t, "discovery")}
		var r apiclient.RepositoryResponse
		if err := r.Unmarshal(want.Marshal().Materialize()); err != nil || r.IsSupported != want.IsSupported || r.IsDiscoveryEnabled != want.IsDiscoveryEnabled {
			t.Errorf("RepositoryResponse = %v, %v, want %v", r, err, want)
		}
		var c apiclient.CheckPluginConfigurationResponse
		conf := wire.Configuration{IsDiscoveryConfigured: want.IsSupported, ProvideGitCreds: want.IsDiscoveryEnabled}
		if err := c.Unmarshal(conf.Marshal().Materialize()); err != nil || c.IsDiscoveryConfigured != conf.IsDiscoveryConfigured || c.ProvideGitCreds != conf.ProvideGitCreds {
			t.Errorf("CheckPluginConfigurationResponse = %v, %v, want %v", c, err, conf)
		}
		checkAnnouncement(t, plugin.Announcement{Name: text.Draw(t, "name"), Title: text.Draw(t, "title"), Tooltip: text.Draw(t, "tooltip"),
			Required: rapid.Bool().Draw(t, "required"), ItemType: text.Draw(t, "item"), CollectionType: text.Draw(t, "collection"),
			String: text.Draw(t, "string"), Array: texts.Draw(t, "array"), Map: rapid.MapOfN(text, text, 0, 3).Draw(t, "map")})
	})
}

func checkAnnouncement(t *rapid.T, want plugin.Announcement) {
	var a apiclient.ParametersAnnouncementResponse
	if err := a.Unmarshal((&wire.Announcements{List: []plugin.Announcement{want, {}}}).Marshal().Materialize()); err != nil || len(a.ParameterAnnouncements) != 2 {
		t.Fatalf("ParametersAnnouncementResponse = %v, %v, want 2 announcements", a, err)
	}
	expected := &repoclient.ParameterAnnouncement{Name: want.Name, Title: want.Title, Tooltip: want.Tooltip, Required: want.Required, ItemType: want.ItemType,
		CollectionType: want.CollectionType, String_: want.String, Array: want.Array, Map: want.Map}
	if d := gocmp.Diff(expected, a.ParameterAnnouncements[0], cmpopts.EquateEmpty()); d != "" {
		t.Errorf("ParameterAnnouncement (-want +got):\n%s", d)
	}
}

// What a newer Argo CD adds is passed over, in every wire type.
func TestPassesOverUnknownFields(t *testing.T) {
	known, err := (&apiclient.AppStreamRequest{Request: &apiclient.AppStreamRequest_File{File: &apiclient.File{Chunk: []byte("x")}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var more []byte
	more = protowire.AppendVarint(protowire.AppendTag(more, 90, protowire.VarintType), 7)
	more = protowire.AppendBytes(protowire.AppendTag(more, 91, protowire.BytesType), []byte("y"))
	more = protowire.AppendFixed32(protowire.AppendTag(more, 92, protowire.Fixed32Type), 7)
	more = protowire.AppendFixed64(protowire.AppendTag(more, 93, protowire.Fixed64Type), 7)
	more = protowire.AppendGroup(protowire.AppendTag(more, 94, protowire.StartGroupType), 94, nil)
	var got wire.StreamRequest
	if err := got.Unmarshal(append(more, known...)); err != nil || string(got.Chunk) != "x" {
		t.Errorf("Unmarshal(unknown fields, chunk) = %q, %v, want x", got.Chunk, err)
	}
}
