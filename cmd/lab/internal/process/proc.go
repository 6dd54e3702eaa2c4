package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// stat is what /proc/<pid>/stat says of a process.
type stat struct {
	state   string
	session int
	threads int
	// started is in clock ticks since boot.
	started string
}

// dead tells a process that holds nothing any more. The first thread of one
// that was killed is a zombie while others still hold its files and ports.
func (s stat) dead() bool { return s.state == "Z" && s.threads <= 1 }

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(data))
}

// parseStat reads the fields after the program's name, which stands in
// parentheses and may itself hold spaces and parentheses.
func parseStat(line string) (stat, error) {
	_, rest, found := cutLast(line, ")")
	fields := strings.Fields(rest)
	if !found || len(fields) < 20 {
		return stat{}, fmt.Errorf("reading a process's state: %q has too few fields", line)
	}
	session, err := strconv.Atoi(fields[3])
	if err != nil {
		return stat{}, fmt.Errorf("reading a process's session: %w", err)
	}
	threads, err := strconv.Atoi(fields[17])
	if err != nil {
		return stat{}, fmt.Errorf("reading a process's threads: %w", err)
	}
	return stat{state: fields[0], session: session, threads: threads, started: fields[19]}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// members lists the living processes of a session.
func members(session int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && s.session == session && !s.dead() {
			pids = append(pids, pid)
		}
	}
	return pids
}
