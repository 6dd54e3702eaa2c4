// Command lab brings up a real Kubernetes control plane and a real Argo CD on
// loopback, without containers, and takes them away again.
//
//	go run ./cmd/lab up
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"

	"github.com/gatorcloud/sluice/cmd/lab/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // client-go logs what it also returns
	code := cli.Run(ctx, os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
