package lab

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the lab's directory, a socket with a long name can be listened on, and what was made elsewhere goes again.
func TestSockets(t *testing.T) {
	for name, dir := range map[string]string{"Short": "/tmp/l", "Long": filepath.Join("/tmp", strings.Repeat("x", 90))} {
		t.Run(name, func(t *testing.T) {
			folder, err := makeSockets(dir)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(folder, dir) != (name == "Short") {
				t.Errorf("makeSockets(%q) = %q", dir, folder)
			}
			if name == "Short" {
				return
			}
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(folder, strings.Repeat("p", 50)+".sock")})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			l.Close()
			if err := removeSockets(folder); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(folder); !os.IsNotExist(err) {
				t.Errorf("after removeSockets(): %v, want the folder gone", err)
			}
		})
	}
}

// A folder that makeSockets did not make is left alone, and so are files in one that it did.
func TestRemoveSocketsSpares(t *testing.T) {
	foreign := t.TempDir()
	mine := filepath.Join(t.TempDir(), socketPrefix+"1")
	for _, dir := range []string{foreign, mine} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = removeSockets(dir)
		if _, err := os.Stat(filepath.Join(dir, "file")); err != nil {
			t.Errorf("after removeSockets(%q): %v, want the file kept", dir, err)
		}
	}
}
