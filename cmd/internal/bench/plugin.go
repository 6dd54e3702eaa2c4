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
	"github.com/argoproj/argo-cd/v2/common"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/argoproj/argo-cd/v2/util/tgzstream"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
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

// archive is an Application's directory as the repo-server sends it: what it
// is, then its bytes in chunks of Argo CD's size. Packing it is Argo CD's own
// work, the same for every plugin, and is not measured.
type archive struct{ messages []*apiclient.AppStreamRequest }

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
	a := &archive{[]*apiclient.AppStreamRequest{metadata}}
	for chunk := range slices.Chunk(data, common.GetCMPChunkSize()) {
		a.messages = append(a.messages, cmp.AppFileRequest(chunk))
	}
	return a, nil
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
	for _, m := range a.messages {
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

// ask has a plugin server answer a call that says nothing, over a connection of
// its own: what generate costs whatever the plugin does.
func ask(ctx context.Context, socket string) error {
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return err
	}
	defer closer.Close()
	_, err = client.CheckPluginConfiguration(ctx, &emptypb.Empty{})
	return err
}

func exampleEnv() []string {
	return []string{"ARGOCD_APP_NAME=local-1000006-swg", "ARGOCD_APP_NAMESPACE=tenant-1000006", "ARGOCD_APP_SOURCE_PATH=" + example,
		`ARGOCD_APP_PARAMETERS=[{"name":"versions","map":{"swg":"202"}}]`}
}

// turn is something that is timed n times in each round.
type turn struct {
	n int
	f func() error
}

// medians returns the middle of the times of each turn. They follow each other
// in every round, so that all see the same machine.
func medians(rounds int, turns ...turn) ([]time.Duration, error) {
	all := make([][]time.Duration, len(turns))
	for range rounds {
		for i, t := range turns {
			for range t.n {
				start := time.Now()
				if err := t.f(); err != nil {
					return nil, err
				}
				all[i] = append(all[i], time.Since(start))
			}
		}
	}
	middle := make([]time.Duration, len(turns))
	for i, times := range all {
		slices.Sort(times)
		middle[i] = times[len(times)/2]
	}
	return middle, nil
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
	var theirs []byte
	warm := func() (err error) {
		ours, err = generate(ctx, s.socket, sent)
		return err
	}
	process := func() (err error) {
		theirs, err = exec.CommandContext(ctx, kustomize, "build", overlayDir).Output()
		return err
	}
	empty := func() error { return ask(ctx, s.socket) }
	cold, err := medians(1, turn{1, warm})
	if err != nil {
		return 0, err
	}
	if _, err := medians(50, turn{1, warm}, turn{1, empty}); err != nil {
		return 0, err
	}
	took, err := medians(7, turn{3, process}, turn{100, warm}, turn{30, empty})
	if err != nil {
		return 0, err
	}
	if got := []byte(strings.Join(ours, "---\n")); !bytes.Equal(got, theirs) {
		return 0, fmt.Errorf("the plugin's %d bytes are not kustomize's %d", len(got), len(theirs))
	}
	fmt.Fprintf(os.Stderr, "# kustomize build %v; plugin cold %v, warm %v, of which a connection and an empty call are %v; same %d bytes\n",
		took[0], cold[0], took[1], took[2], len(theirs))
	return took[0].Seconds() / took[1].Seconds(), nil
}
