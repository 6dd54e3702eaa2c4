package tree

import (
	"testing"
	"testing/fstest"
)

func TestFS(t *testing.T) {
	d, err := FromFiles(map[string][]byte{"a.b": []byte("1"), "a/x": []byte("2"), "a/y/z": []byte("3"), "b": nil})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(d.FS(), "a.b", "a/x", "a/y/z", "b"); err != nil {
		t.Error(err)
	}
}
