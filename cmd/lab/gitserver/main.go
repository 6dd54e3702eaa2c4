// Command gitserver serves the bare repositories of a lab over smart HTTP on a
// loopback address, until it is ended.
//
// It is a program of its own so that a scenario can kill it like any other
// component.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
)

func main() {
	root := flag.String("root", ".", "folder of the bare repositories")
	addr := flag.String("addr", "127.0.0.1:0", "loopback address to listen on")
	flag.Parse()
	if err := serve(*root, *addr); err != nil {
		fmt.Fprintf(os.Stderr, "gitserver: error: %v\n", err)
		os.Exit(1)
	}
}

func serve(root, addr string) error {
	backend, err := githttp.Backend()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	options := githttp.Options{Root: root, Backend: backend, Env: os.Environ(), Errors: os.Stderr}
	server := http.Server{Handler: githttp.Handler(options), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
