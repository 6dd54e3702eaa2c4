// Command gitserver serves the bare repositories of a lab over smart HTTP on a
// loopback address. It is a program of its own so that a scenario can kill it.
// Under the name post-receive it is the hook that reports a push.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "gitserver: error: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	if filepath.Base(os.Args[0]) == githttp.HookName {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		return githttp.Hook(context.Background(), dir, os.Stdin, os.Getenv(githttp.WebhookEnv), os.Getenv(githttp.BaseEnv))
	}
	root := flag.String("root", ".", "folder of the bare repositories")
	addr := flag.String("addr", "127.0.0.1:0", "loopback address to listen on")
	webhook := flag.String("webhook", "", "URL that hears of every push")
	flag.Parse()
	return githttp.Serve(*root, *addr, *webhook, os.Args[0])
}
