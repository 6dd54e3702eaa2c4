package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// replicaFigures are measured on `sluice run` as processes of their own. A
// takeover is the rest of the lease and one full render, by which the next
// leader makes sure of what Git holds; it is to end before the alert that
// changes wait counts it as one.
func replicaFigures() []figure {
	return []figure{
		{name: "takeover-100k-s", unit: "s", bound: 60, run: takeover,
			about: "leader killed to the first change that the next replica pushed, 100,000 tenants, lease of 10 s"},
		{name: "idle-cpu-percent", unit: "%", bound: 1, run: idle,
			about: "processor time of sluice run over a minute in which nothing changes, of one core, 100,000 tenants"},
	}
}

// stage is a plant with a branch, for replicas that share both.
type stage struct {
	*plant
	bare, bin string
}

// newStage fills an etcd and a branch and builds sluice.
func newStage(ctx context.Context, n int) (*stage, error) {
	p, err := newPlant(ctx, n, "swg")
	if err != nil {
		return nil, err
	}
	s := &stage{plant: p}
	if s.bare, err = bare(p.dir); err != nil {
		return nil, err
	}
	repo, err := git.Open(ctx, s.bare, git.Options{Branch: "main", Clock: time.Now})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(people(ctx, repo), repo.Close()); err != nil {
		return nil, err
	}
	s.bin, err = build(ctx, p.dir, "github.com/gatorcloud/sluice/cmd/sluice")
	return s, err
}

// tip returns the commit of the branch.
func (s *stage) tip() string {
	data, err := os.ReadFile(filepath.Join(s.bare, "refs", "heads", "main"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// change changes one tenant's replicas and returns the revision.
func (s *stage) change(ctx context.Context, i, replicas int) (int64, error) {
	all, err := records(i, replicas, "swg")
	if err != nil {
		return 0, err
	}
	resp, err := s.store.Client().Put(ctx, authz.FormatKey(authz.DefaultPrefix, all[1].Key), string(all[1].Value))
	if err != nil {
		return 0, err
	}
	return resp.Header.Revision, nil
}

// holds reports whether a commit covers a revision.
func (s *stage) holds(ctx context.Context, commit string, revision int64) (bool, error) {
	out, err := exec.CommandContext(ctx, "git", "-C", s.bare, "log", "-1", "--format=%B", commit).Output()
	if err != nil {
		return false, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	for line := range strings.Lines(string(out)) {
		if n, ok := strings.CutPrefix(line, "Etcd-Revision: "); ok {
			got, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			return got >= revision, err
		}
	}
	return false, nil
}

// member is one process.
type member struct {
	cmd *exec.Cmd
	url string
	log string // file
}

// entry is a line of a process's log.
type entry struct {
	Time    time.Time
	Msg     string
	Address string
}

// find returns the first line with a message; zero if there is none.
func (m *member) find(message string) entry {
	data, _ := os.ReadFile(m.log)
	for line := range strings.Lines(string(data)) {
		var e entry
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == message {
			return e
		}
	}
	return entry{}
}

// start runs a replica.
func (s *stage) start(ctx context.Context, id string) (*member, error) {
	m := &member{log: filepath.Join(s.dir, id+".log")}
	stderr, err := os.Create(m.log)
	if err != nil {
		return nil, err
	}
	defer stderr.Close() // the process has its own
	m.cmd = exec.CommandContext(ctx, s.bin, "run", "--id", id, "--listen", "127.0.0.1:0", "--env", local.String(), "--repo", s.bare, "--branch", "main",
		"--git-cache", filepath.Join(s.dir, "cache-"+id), "--etcd-endpoints", strings.Join(s.server.Endpoints(), ","))
	m.cmd.Stderr = stderr
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	err = m.await("an address", func() bool {
		address := m.find("serving").Address
		m.url = "http://" + address
		return address != ""
	})
	if err != nil {
		m.stop()
		return nil, err
	}
	return m, nil
}

// stop kills the process, which is how leaders die.
func (m *member) stop() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// metric returns a metric of the only environment, or -1.
func (m *member) metric(name string) float64 {
	resp, err := http.Get(m.url + "/metrics")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+`{environment="`+local.String()+`"} `); ok {
			if v, err := strconv.ParseFloat(rest, 64); err == nil {
				return v
			}
		}
	}
	return -1
}

// await waits for a replica to get there.
func (m *member) await(what string, there func() bool) error {
	for end := time.Now().Add(5 * time.Minute); !there(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			data, _ := os.ReadFile(m.log)
			return fmt.Errorf("waiting for %s: %s", what, data)
		}
	}
	return nil
}

// leads waits until the replica leads and Git agrees with etcd.
func (m *member) leads() error {
	return m.await("a leader", func() bool {
		return m.metric("sluice_leader") == 1 && m.metric("sluice_pushed_revision") >= m.metric("sluice_watch_revision") && m.metric("sluice_tenants") > 0
	})
}

// standsBy waits until the replica's copy is complete.
func (m *member) standsBy() error {
	return m.await("a replica that stands by", func() bool {
		resp, err := http.Get(m.url + "/readyz")
		if err != nil {
			return false
		}
		return errors.Join(resp.Body.Close()) == nil && resp.StatusCode == http.StatusOK
	})
}

// takeover kills a leader, changes a right at that moment, and returns how
// long it took until that change was in Git.
func takeover(ctx context.Context) (float64, error) {
	s, err := newStage(ctx, 100_000)
	if err != nil {
		return 0, err
	}
	defer s.close()
	leader, err := s.start(ctx, "a")
	if err != nil {
		return 0, err
	}
	defer leader.stop()
	if err := leader.leads(); err != nil {
		return 0, err
	}
	worst := time.Duration(0)
	for i := range 3 {
		next, err := s.start(ctx, "b"+strconv.Itoa(i))
		if err != nil {
			return 0, err
		}
		defer next.stop()
		if err := next.standsBy(); err != nil {
			return 0, err
		}
		before := s.tip()
		idle, err := next.busy()
		if err != nil {
			return 0, err
		}
		began := time.Now()
		leader.stop()
		revision, err := s.change(ctx, 4242+i, 500+i)
		if err != nil {
			return 0, err
		}
		if err := next.await("the next leader's push", func() bool { return s.tip() != before }); err != nil {
			return 0, err
		}
		took := time.Since(began)
		busy, err := next.busy()
		if err != nil {
			return 0, err
		}
		if covered, err := s.holds(ctx, s.tip(), revision); err != nil || !covered {
			return 0, fmt.Errorf("commit %s does not hold revision %d: %w", s.tip(), revision, err)
		}
		fmt.Fprintf(os.Stderr, "# takeover %d after %v, elected after %v, processor time %v\n", i, took.Round(time.Millisecond),
			next.find("leading").Time.Sub(began).Round(time.Millisecond), busy-idle)
		worst = max(worst, took)
		if err := next.leads(); err != nil {
			return 0, err
		}
		leader = next
	}
	return worst.Seconds(), nil
}

// idle lets a replica lead for a minute in which nothing changes.
func idle(ctx context.Context) (float64, error) {
	s, err := newStage(ctx, 100_000)
	if err != nil {
		return 0, err
	}
	defer s.close()
	m, err := s.start(ctx, "a")
	if err != nil {
		return 0, err
	}
	defer m.stop()
	if err := m.leads(); err != nil {
		return 0, err
	}
	// What the first render left is collected and its status is written by then.
	time.Sleep(30 * time.Second)
	before, err := m.busy()
	if err != nil {
		return 0, err
	}
	tip, began := s.tip(), time.Now()
	time.Sleep(time.Minute)
	after, err := m.busy()
	if err != nil {
		return 0, err
	}
	if s.tip() != tip {
		return 0, fmt.Errorf("a commit was pushed although nothing changed: %s after %s", s.tip(), tip)
	}
	fmt.Fprintf(os.Stderr, "# busy for %v of %v\n", after-before, time.Since(began).Round(time.Second))
	return 100 * (after - before).Seconds() / time.Since(began).Seconds(), nil
}

// busy returns the processor time of the process so far.
func (m *member) busy() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading processor time: %q", data)
	}
	user, err := strconv.Atoi(fields[11])
	system, e := strconv.Atoi(fields[12])
	return time.Duration(user+system) * (time.Second / 100), errors.Join(err, e) // in hundredths on every Linux
}
