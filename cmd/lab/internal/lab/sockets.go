package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// socketFolder is the sockets' folder in a lab's directory, if that is short enough.
	socketFolder = "s"
	// socketPrefix begins the name of a folder of sockets elsewhere.
	socketPrefix = "sluice-lab-"
	// socketRoom is what a folder leaves for the names of sockets: the kernel takes 107 bytes.
	socketRoom = 107 - 60
)

// makeSockets makes the folder of the sockets: in the lab's directory, or, if
// its path is too long for a socket, in the folder for temporary files.
func makeSockets(dir string) (string, error) {
	inside := filepath.Join(dir, socketFolder)
	if len(inside) <= socketRoom {
		return inside, nil
	}
	outside, err := os.MkdirTemp("", socketPrefix)
	if err != nil {
		return "", fmt.Errorf("making the folder of the sockets: %w", err)
	}
	return outside, nil
}

// removeSockets removes a folder that makeSockets made elsewhere. It takes
// sockets only, out of a folder of that name only, whatever lab.json says.
func removeSockets(folder string) error {
	if !strings.HasPrefix(filepath.Base(folder), socketPrefix) {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.Type() == fs.ModeSocket {
			err = errors.Join(err, os.Remove(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(err, os.Remove(folder))
}
