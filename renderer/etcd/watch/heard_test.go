package watch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func changes(all ...*clientv3.Event) []*clientv3.Event { return all }

func put(value []byte, revision int64) *clientv3.Event {
	return &clientv3.Event{Type: clientv3.EventTypePut, Kv: &mvccpb.KeyValue{Key: []byte(prefix + "/1000001"), Value: value, ModRevision: revision}}
}

func deletion(revision int64) *clientv3.Event {
	return &clientv3.Event{Type: clientv3.EventTypeDelete, Kv: &mvccpb.KeyValue{Key: []byte(prefix + "/1000001"), ModRevision: revision}}
}

// What one response of etcd makes of a copy that is at revision 10 and holds
// one record of revision 9.
func TestHeard(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason   string
		header   int64
		events   []*clientv3.Event
		created  bool
		want     map[string]string
		revision int64
	}{
		"Put":      {"a change", 11, changes(put([]byte("b"), 11)), false, map[string]string{prefix + "/1000001": "b@11"}, 11},
		"PutEmpty": {"etcd sends no bytes for an empty value, which is no deletion", 11, changes(put(nil, 11)), false, map[string]string{prefix + "/1000001": "@11"}, 11},
		"Deletion": {"a deletion", 11, changes(deletion(11)), false, map[string]string{}, 11},
		"Ahead": {"the header may name a revision whose events come later", 15, changes(put([]byte("b"), 11), put([]byte("c"), 12)), false,
			map[string]string{prefix + "/1000001": "c@12"}, 12},
		"Progress": {"nothing is sent after a progress notification that is of before it", 15, nil, false, map[string]string{prefix + "/1000001": "a@9"}, 15},
		"Created":  {"the watch begins at a revision, and has sent nothing of it", 15, nil, true, map[string]string{prefix + "/1000001": "a@9"}, 10},
		"Old":      {"a reading knows better than events of before it", 10, changes(put([]byte("old"), 8), deletion(9)), false, map[string]string{prefix + "/1000001": "a@9"}, 10},
		"Same":     {"what the copy has is not applied twice", 10, changes(deletion(10)), false, map[string]string{prefix + "/1000001": "a@9"}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewMirror(prefix, time.Now)
			l := m.Begin(1)
			l.Add(prefix+"/1000001", []byte("a"), 9)
			l.Done(10)
			resp := clientv3.WatchResponse{Header: &etcdserverpb.ResponseHeader{Revision: tc.header}, Events: tc.events, Created: tc.created}
			if cause := New(nil, m, Options{}).heard(resp, true); cause != "" {
				t.Errorf("heard() = %q, want the watch to go on", cause)
			}
			w, _ := m.All()
			if d := cmp.Diff(tc.want, records(w)); d != "" || w.Revision != tc.revision {
				t.Errorf("the copy is at %d, want %d: %s (-want +got):\n%s", w.Revision, tc.revision, tc.reason, d)
			}
		})
	}
}

// Why a watch ended, as readings name it.
func TestHeardEnds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		resp clientv3.WatchResponse
		ok   bool
		want string
	}{
		"Closed":    {clientv3.WatchResponse{}, false, Cancelled},
		"Compacted": {clientv3.WatchResponse{Canceled: true, CompactRevision: 7}, true, Compacted},
		"Cancelled": {clientv3.WatchResponse{Canceled: true}, true, Cancelled},
	} {
		if got := New(nil, NewMirror(prefix, time.Now), Options{}).heard(tc.resp, tc.ok); got != tc.want {
			t.Errorf("%s: heard() = %q, want %q", name, got, tc.want)
		}
	}
}
