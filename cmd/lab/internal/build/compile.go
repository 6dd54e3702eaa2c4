package build

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// compilation is one `go build`.
type compilation struct {
	dir, output, pkg string
	assignments      []string
	nice             int
	// tick is called every few seconds with the number of packages compiled.
	tick func(packages int)
}

func (c compilation) args() []string {
	flags := []string{"-s", "-w"}
	for _, a := range c.assignments {
		flags = append(flags, "-X", a)
	}
	return []string{
		"build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags=" + strings.Join(flags, " "), "-o", c.output, c.pkg,
	}
}

func (c compilation) run(ctx context.Context) error {
	cmd := command(ctx, c.dir, c.args()...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("opening the compiler's messages: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the go command: %w", err)
	}
	if c.nice > 0 {
		// The compilers that go starts later inherit it; a refusal costs speed and nothing else.
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, c.nice)
	}
	stop := c.ticking()
	complaints := c.listen(stderr, stop.packages)
	stop.end()
	if err := cmd.Wait(); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("running go build: %w: %s", err, complaints))
	}
	return nil
}

// listen counts the packages that `go build -v` names and returns the last of all other lines, as one line.
func (c compilation) listen(r io.Reader, packages *atomic.Int64) string {
	var rest []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if isPackage(line) {
			packages.Add(1)
			continue
		}
		rest = append(rest, line)
	}
	return strings.Join(rest[max(0, len(rest)-6):], "; ")
}

func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " :#\t")
}

type ticker struct {
	packages *atomic.Int64
	done     chan struct{}
}

func (t ticker) end() { close(t.done) }

func (c compilation) ticking() ticker {
	t := ticker{packages: new(atomic.Int64), done: make(chan struct{})}
	go func() {
		every := time.NewTicker(15 * time.Second)
		defer every.Stop()
		for {
			select {
			case <-t.done:
				return
			case <-every.C:
				c.tick(int(t.packages.Load()))
			}
		}
	}()
	return t
}

// output returns the trimmed standard output of a go command.
func output(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := command(ctx, dir, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running go %s: %w: %s", args[0], err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	return strings.TrimSpace(string(out)), nil
}

// command is the go command in dir, free of the surroundings that would change
// what it builds: a workspace, cgo, another architecture.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOOS=", "GOARCH=")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}
