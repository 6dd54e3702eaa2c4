package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/argoproj/argo-cd/v2/util/tgzstream"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/renderer/overlay"
)

// example is the overlay of the checkout that single builds are measured on.
const example = "environments/local/tenants/06/00/1000006/swg/202"

// checkout returns the root of the repository that the bench runs in.
func checkout() (string, error) {
	out, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("finding the checkout: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// server runs the native plugin server of this process on a socket.
type server struct {
	socket string
	stop   func()
}

func serve(ctx context.Context, dir string) (*server, error) {
	socket := filepath.Join(dir, "sluice.sock")
	l, err := cmpserver.Listen(socket)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	s := cmpserver.New(cmpserver.Options{Generator: plugin.New(overlay.New(overlay.Options{}))})
	go func() { done <- s.Serve(ctx, l) }()
	return &server{socket, func() { cancel(); <-done }}, nil
}

// archive is an Application's directory as the repo-server sends it. Packing
// it is Argo CD's own work, the same for every plugin, and is not measured.
type archive struct{ metadata, content *apiclient.AppStreamRequest }

func pack(dir string, env []string) (*archive, error) {
	tgz, metadata, err := cmp.GetCompressedRepoAndMetadata(dir, dir, env, nil, nil)
	if err != nil {
		return nil, err
	}
	defer tgzstream.CloseAndDelete(tgz)
	data, err := os.ReadFile(tgz.Name())
	if err != nil {
		return nil, err
	}
	return &archive{metadata, &apiclient.AppStreamRequest{Request: &apiclient.AppStreamRequest_File{File: &apiclient.File{Chunk: data}}}}, nil
}

// generate has a plugin server generate an Application's directory, as Argo
// CD's repo-server does: a connection, the archive, the manifests.
func generate(ctx context.Context, socket string, a *archive) ([]string, error) {
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range []*apiclient.AppStreamRequest{a.metadata, a.content} {
		if err := stream.Send(m); err != nil {
			return nil, err
		}
	}
	r, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return r.Manifests, nil
}

func exampleEnv() []string {
	return []string{"ARGOCD_APP_NAME=local-1000006-swg", "ARGOCD_APP_NAMESPACE=tenant-1000006", "ARGOCD_APP_SOURCE_PATH=" + example,
		`ARGOCD_APP_PARAMETERS=[{"name":"versions","map":{"swg":"202"}}]`}
}

// median returns the middle of the times that n runs of f take.
func median(n int, f func() error) (time.Duration, error) {
	all := make([]time.Duration, n)
	for i := range all {
		start := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		all[i] = time.Since(start)
	}
	slices.Sort(all)
	return all[n/2], nil
}

// pluginWarm compares a product overlay through the socket, warm, with
// `kustomize build` of the same directory as a process.
func pluginWarm(ctx context.Context) (float64, error) {
	root, err := checkout()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	kustomize, err := build(ctx, dir, "sigs.k8s.io/kustomize/kustomize/v5")
	if err != nil {
		return 0, err
	}
	s, err := serve(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	overlayDir := filepath.Join(root, example)
	sent, err := pack(overlayDir, exampleEnv())
	if err != nil {
		return 0, err
	}
	var ours []string
	call := func() (err error) {
		ours, err = generate(ctx, s.socket, sent)
		return err
	}
	start := time.Now()
	if err := call(); err != nil {
		return 0, err
	}
	cold := time.Since(start)
	if _, err := median(50, call); err != nil {
		return 0, err
	}
	var theirs []byte
	process, err := median(21, func() (err error) {
		theirs, err = exec.CommandContext(ctx, kustomize, "build", overlayDir).Output()
		return err
	})
	if err != nil {
		return 0, err
	}
	warm, err := median(300, call)
	if err != nil {
		return 0, err
	}
	if got := []byte(strings.Join(ours, "---\n")); !bytes.Equal(got, theirs) {
		return 0, fmt.Errorf("the plugin's %d bytes are not kustomize's %d", len(got), len(theirs))
	}
	fmt.Fprintf(os.Stderr, "# kustomize build %v; plugin cold %v, warm %v, same %d bytes\n", process, cold, warm, len(theirs))
	return process.Seconds() / warm.Seconds(), nil
}
