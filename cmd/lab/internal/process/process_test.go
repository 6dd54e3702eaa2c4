package process_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
)

func runner(t *testing.T) process.Runner {
	t.Helper()
	dir := t.TempDir()
	r := process.Runner{Records: filepath.Join(dir, "run"), Logs: filepath.Join(dir, "log")}
	for _, d := range []string{r.Records, r.Logs} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, name := range r.Names() {
			if err := r.Stop(name, 0); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// shell is a component that runs a script; it needs a moment until its trap stands, so it says "up" in its log.
func shell(t *testing.T, r process.Runner, script string) process.Record {
	t.Helper()
	rec, err := r.Start(process.Component{
		Name: "c", Path: "/bin/bash", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		log, err := os.ReadFile(r.Log("c"))
		return err == nil && strings.Contains(string(log), "up")
	})
	return rec
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain")
}

func runs(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

func TestStartIsIdempotent(t *testing.T) {
	r := runner(t)
	first := shell(t, r, "echo up; exec sleep 60")
	second, err := r.Start(process.Component{Name: "c", Path: "/bin/sh"})
	if err != nil || second.PID != first.PID {
		t.Errorf("Start() of a running component = pid %d, %v, want pid %d", second.PID, err, first.PID)
	}
}

// A hook is over when Start returns; one that fails leaves nothing behind.
func TestHook(t *testing.T) {
	r := runner(t)
	file := filepath.Join(t.TempDir(), "hooked")
	c := process.Component{Name: "c", Path: "/bin/sleep", Args: []string{"60"}, Env: []string{"PATH=/usr/bin:/bin"}, PostStart: []string{"touch", file}}
	if _, err := r.Start(c); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("after Start(): %v, want the hook's file", err)
	}
	c.Name, c.PostStart = "d", []string{"false"}
	if rec, err := r.Start(c); err == nil {
		t.Errorf("Start() with a failing hook = %+v, want an error", rec)
	}
	if _, alive := r.Find("d"); alive {
		t.Error("a component whose hook failed runs")
	}
}

func TestStopAsksFirst(t *testing.T) {
	r := runner(t)
	rec := shell(t, r, `trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done`)
	if err := r.Stop("c", time.Minute); err != nil {
		t.Fatal(err)
	}
	log, _ := os.ReadFile(r.Log("c"))
	if !strings.Contains(string(log), "bye") || runs(rec.PID) {
		t.Errorf("Stop(): log %q, running %v, want a goodbye and an end", log, runs(rec.PID))
	}
	if names := r.Names(); len(names) != 0 {
		t.Errorf("Names() after Stop() = %v, want none", names)
	}
}

// A component's children may leave its process group; they end with it all the same.
func TestKillTakesTheSession(t *testing.T) {
	r := runner(t)
	file := filepath.Join(t.TempDir(), "child")
	rec := shell(t, r, `set -m; sleep 60 & echo $! > `+file+`; echo up; wait`)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(child); err != nil || group == rec.PID {
		t.Fatalf("Getpgid(child) = %d, %v, want a group of its own", group, err)
	}
	if err := r.Kill("c"); err != nil {
		t.Fatal(err)
	}
	if runs(rec.PID) || runs(child) {
		t.Errorf("after Kill(): leader runs %v, child runs %v, want neither", runs(rec.PID), runs(child))
	}
	if _, alive := r.Find("c"); alive {
		t.Error("Find() after Kill() = alive, want not")
	}
	if err := r.Kill("c"); err == nil {
		t.Error("Kill() of a dead component = nil, want an error")
	}
}

// A record whose process id was given to another process must not harm that process.
func TestStopSparesAnotherProcess(t *testing.T) {
	r := runner(t)
	other := exec.Command("/bin/sleep", "60")
	other.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	record := `{"name":"c","pid":` + strconv.Itoa(other.Process.Pid) + `,"ticks":"1"}`
	if err := os.WriteFile(filepath.Join(r.Records, "c.json"), []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, alive := r.Find("c"); alive {
		t.Error("Find() with a foreign start time = alive, want not")
	}
	if err := r.Stop("c", 0); err != nil {
		t.Fatal(err)
	}
	if !runs(other.Process.Pid) {
		t.Error("Stop() ended a process that it did not start")
	}
}
