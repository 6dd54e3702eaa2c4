// Command gitserver serves the bare repositories of a lab over smart HTTP on a
// loopback address, and one of them as the project of a GitLab beside it. It is
// a program of its own so that a scenario can kill it. Under the name
// post-receive it is the hook that reports a push.
package main

import (
	"context"
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
	return githttp.Serve(service())
}
