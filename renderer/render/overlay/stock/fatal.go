package stock

import (
	"fmt"
	"io"
	"log"
	"runtime"
	"strings"
)

// watchFatal makes log.Fatal panic instead of ending the process while
// kustomize runs, and drops what else kustomize logs; everybody else's lines
// pass. The returned function puts the former writer back.
func watchFatal() (restore func()) {
	before := log.Writer()
	log.SetOutput(watcher{before})
	return func() { log.SetOutput(before) }
}

// watcher is the writer of the standard logger during a run.
type watcher struct{ next io.Writer }

// Write panics when log.Fatal was called by kustomize: log writes the line
// before it ends the process.
func (w watcher) Write(line []byte) (int, error) {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	fatal := false
	for {
		frame, more := frames.Next()
		fatal = fatal || strings.HasPrefix(frame.Function, "log.Fatal")
		if strings.HasPrefix(frame.Function, "sigs.k8s.io/kustomize/") {
			if fatal {
				panic(fmt.Sprintf("gave up: %s", message(line)))
			}
			return len(line), nil
		}
		if !more {
			return w.next.Write(line)
		}
	}
}

// message returns a logged line without the date and time that log puts before it.
func message(line []byte) string {
	s := strings.TrimSpace(string(line))
	if log.Flags() == log.LstdFlags && len(s) > len("2006/01/02 15:04:05 ") {
		s = s[len("2006/01/02 15:04:05 "):]
	}
	return s
}
