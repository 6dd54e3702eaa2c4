package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/cmd/internal/wire"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// role is the variable that makes the test binary one of the processes.
const role = "SLUICE_CHAOS_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "sluice":
		os.Exit(runSluice(os.Args[1:]))
	case "etcd":
		os.Exit(serveEtcd(os.Args[1]))
	case "git":
		serveGit(os.Args[1], os.Args[2])
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// leaked is the exit code of a process that leaves goroutines behind.
const leaked = 99

// tellGoroutines is the line that a replica writes on SIGUSR1.
const tellGoroutines = "chaos: goroutines: "

// runSluice is the sluice command, which also tells of its goroutines: how
// many there are on SIGUSR1, with their stacks, and what is left at the end.
// SIGUSR2 takes from it the right to write files, and gives it back.
func runSluice(args []string) int {
	asked, limit := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	signal.Notify(limit, syscall.SIGUSR2)
	go func() {
		for range asked {
			var stacks bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // never fails
			fmt.Fprintf(os.Stderr, "%s%d\n%s\n", tellGoroutines, runtime.NumGoroutine(), stacks.Bytes())
		}
	}()
	go func() {
		for range limit {
			toggleLimit()
		}
	}()
	ours := goleak.IgnoreCurrent()
	code := wire.Main(args)
	if err := goleak.Find(ours); err != nil {
		fmt.Fprintln(os.Stderr, "chaos: leak:", err)
		return leaked
	}
	return code
}

// toggleLimit makes every write to a file fail, or no write.
func toggleLimit() {
	var l syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l)
	if l.Cur > 0 {
		l.Cur = 0
	} else {
		l.Cur = l.Max
	}
	if err = errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)); err != nil {
		fmt.Fprintln(os.Stderr, "panic: ", err)
	}
}

func serveEtcd(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := embedded.Start(ctx, dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	<-ctx.Done()
	_ = s.Close()
	return 0
}

// serveGit serves the repositories below root on a socket until that fails.
func serveGit(root, socket string) {
	path, err := gittest.TryGit("", nil, "--exec-path")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	_ = os.Remove(socket) // of the server before, which was killed
	listener, err := net.Listen("unix", socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	server := &http.Server{Handler: &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(path), "git-http-backend"), Logger: log.New(os.Stderr, "", 0),
		Env: append(gittest.Env(), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=someone"),
	}}
	fmt.Fprintln(os.Stderr, server.Serve(listener))
}

// process is a child that is killed, paused and begun again. One that ends by
// itself is begun again too, as Kubernetes does.
type process struct {
	t    *testing.T
	name string
	role string
	args []string
	log  string

	breaking sync.Mutex
	mu       sync.Mutex
	cmd      *exec.Cmd
	asked    bool          // it was told to end
	gone     chan struct{} // closed when it has ended
	deaths   int           // by itself
}

func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.launch()
}

func (p *process) launch() {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.cmd = exec.Command(os.Args[0], p.args...)
	p.cmd.Env = append(gittest.Env(), role+"="+p.role)
	out := struct{ io.Writer }{log} // so that the child has a pipe: what it writes to files may be limited
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.WaitDelay = out, out, time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.asked, p.gone = false, make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		p.t.Error(err)
		_ = log.Close()
		return
	}
	go p.wait(p.cmd, log, p.gone)
}

// wait waits for the child; one that nobody ended is begun again.
func (p *process) wait(cmd *exec.Cmd, log io.Closer, gone chan struct{}) {
	_ = cmd.Wait()
	_ = log.Close()
	p.mu.Lock()
	asked := p.asked
	p.mu.Unlock()
	// What the child started may do its work for a moment more, as in life. Then
	// it goes: git-http-backend reads the end of a cut request for ever.
	time.Sleep(200 * time.Millisecond)
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if asked {
		close(gone)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	close(gone)
	if !p.asked {
		p.deaths++
		p.launch()
	}
}

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s)
}

// pause stops the process and returns when all of its threads stand still: the
// signal alone says nothing, a system call that is under way is finished first.
func (p *process) pause(ctx context.Context) {
	p.mu.Lock()
	child := p.cmd.Process
	_ = child.Signal(syscall.SIGSTOP)
	p.mu.Unlock()
	threads := fmt.Sprintf("/proc/%d/task/*/stat", child.Pid)
	for ctx.Err() == nil && !stopped(threads) {
		pause(ctx, time.Millisecond)
	}
}

// stopped reports whether every thread is in state T (proc_pid_stat(5)), as
// those of a process that is gone are.
func stopped(threads string) bool {
	files, _ := filepath.Glob(threads) // the pattern is valid
	for _, file := range files {
		text, err := os.ReadFile(file)
		_, state, _ := strings.Cut(string(text), ") ")
		if err == nil && !strings.HasPrefix(state, "T") && !strings.HasPrefix(state, "Z") {
			return false
		}
	}
	return true
}

// end sends a signal, waits for the process to go and returns its exit code.
func (p *process) end(s syscall.Signal) int {
	p.mu.Lock()
	p.asked = true
	cmd, gone := p.cmd, p.gone
	_ = cmd.Process.Signal(s)
	_ = cmd.Process.Signal(syscall.SIGCONT)
	p.mu.Unlock()
	select {
	case <-gone:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Signal(syscall.SIGQUIT) // its stacks are in the log
		p.t.Errorf("%s does not end on %v; its log is %s", p.name, s, p.log)
		time.Sleep(time.Second)
		_ = cmd.Process.Kill()
		<-gone
	}
	code := cmd.ProcessState.ExitCode()
	if code == leaked {
		p.t.Errorf("%s left goroutines behind: %s", p.name, p.tail())
	}
	return code
}

// tail returns the end of the log.
func (p *process) tail() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// crashes returns what the log says of crashes.
func (p *process) crashes() []string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for line := range strings.Lines(string(data)) {
		for _, word := range []string{"panic: ", "fatal error: ", "chaos: leak:", "WARNING: DATA RACE"} {
			if strings.HasPrefix(line, word) {
				all = append(all, line)
			}
		}
	}
	return all
}
