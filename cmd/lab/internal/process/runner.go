package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Runner starts, finds and ends components. Both folders must exist.
type Runner struct {
	// Records is the folder of the records, Logs that of the logs.
	Records, Logs string
}

// Record is what is kept of a running component.
type Record struct {
	Name    string    `json:"name"`
	PID     int       `json:"pid"`
	Ticks   string    `json:"ticks"`
	Started time.Time `json:"started"`
	Command []string  `json:"command"`
}

// Log is the file that a component writes to.
func (r Runner) Log(name string) string { return filepath.Join(r.Logs, name+".log") }

// LastLine is the end of a component's log, 500 bytes at most.
func (r Runner) LastLine(name string) string {
	data, err := os.ReadFile(r.Log(name))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	last := lines[len(lines)-1]
	return last[:min(len(last), 500)]
}

// Start runs the component detached from this process. One that runs already is left alone.
func (r Runner) Start(c Component) (Record, error) {
	if rec, alive := r.Find(c.Name); alive {
		return rec, nil
	}
	log, err := os.OpenFile(r.Log(c.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return Record{}, fmt.Errorf("opening the log of %q: %w", c.Name, err)
	}
	defer log.Close()
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.Env, c.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Record{}, fmt.Errorf("starting %q: %w", c.Name, err)
	}
	// The state is read before anybody reaps the process: an unreaped one always has it.
	s, err := readStat(cmd.Process.Pid)
	go func() { _ = cmd.Wait() }()
	if err != nil {
		return Record{}, fmt.Errorf("starting %q: %w", c.Name, err)
	}
	rec := Record{
		Name: c.Name, PID: cmd.Process.Pid, Ticks: s.started,
		Started: time.Now().UTC().Truncate(time.Second), Command: append([]string{c.Path}, c.Args...),
	}
	if err := r.write(rec); err != nil {
		return Record{}, err
	}
	return rec, r.hook(c)
}

// hook runs what a component wants to be run right after its start.
func (r Runner) hook(c Component) error {
	if len(c.PostStart) == 0 {
		return nil
	}
	cmd := exec.Command(c.PostStart[0], c.PostStart[1:]...)
	cmd.Env, cmd.Dir = c.Env, c.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("starting %q: running its hook: %w: %s", c.Name, err, out), r.Stop(c.Name, 0))
	}
	return nil
}

func (r Runner) file(name string) string { return filepath.Join(r.Records, name+".json") }

func (r Runner) write(rec Record) error {
	data, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return fmt.Errorf("recording %q: %w", rec.Name, err)
	}
	if err := os.WriteFile(r.file(rec.Name), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("recording %q: %w", rec.Name, err)
	}
	return nil
}

// Find returns the last record of a component and whether that very process still runs.
func (r Runner) Find(name string) (Record, bool) {
	data, err := os.ReadFile(r.file(name))
	if err != nil {
		return Record{}, false
	}
	var rec Record
	if json.Unmarshal(data, &rec) != nil {
		return Record{}, false
	}
	return rec, rec.alive()
}

func (rec Record) alive() bool {
	s, err := readStat(rec.PID)
	return err == nil && s.started == rec.Ticks && !s.dead()
}

// Names lists the components that have a record, sorted.
func (r Runner) Names() []string {
	entries, err := os.ReadDir(r.Records)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Kill ends a component and all it started at once, as a crash would (SIGKILL), and returns when nothing of it runs.
func (r Runner) Kill(name string) error {
	rec, alive := r.Find(name)
	if !alive {
		return fault.Hintf("see what runs with `lab status`", "killing %q: it does not run", name)
	}
	return rec.end(syscall.SIGKILL, 0)
}

// Stop asks a component to end, and after the grace ends it and all it
// started. A component that does not run is no error. The record goes.
func (r Runner) Stop(name string, grace time.Duration) error {
	data, err := os.ReadFile(r.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var rec Record
	if err == nil {
		err = json.Unmarshal(data, &rec)
	}
	if err != nil {
		return fmt.Errorf("reading the record of %q: %w", name, err)
	}
	if err := rec.end(syscall.SIGTERM, grace); err != nil {
		return err
	}
	return os.Remove(r.file(name))
}

// end signals the leader, waits for the grace, and then kills the session.
// When the leader is gone and its id belongs to another process, the session
// id cannot have been reused: the kernel keeps an id while a session has it.
func (rec Record) end(signal syscall.Signal, grace time.Duration) error {
	if s, err := readStat(rec.PID); err == nil && s.started != rec.Ticks {
		return nil
	}
	if rec.alive() {
		_ = syscall.Kill(rec.PID, signal)
	}
	for deadline := time.Now().Add(grace); rec.alive() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		left := members(rec.PID)
		if len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return fmt.Errorf("ending %q: process %d does not end", rec.Name, rec.PID)
}
