package embedded

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// reporter is a log core that drops everything but the lines with which etcd
// gives up. It begins as the ear of start: such a line goes to gaveUp and ends
// the goroutine that wrote it, where etcd would end the process, so that a
// damaged directory is an error and not an exit. Once serving, nobody waits for
// it: died is told, and must end the process.
type reporter struct {
	gaveUp  chan error // holds the first line
	serving atomic.Bool
	once    sync.Once
	died    func(error)
}

func newReporter(died func(error)) *reporter {
	return &reporter{gaveUp: make(chan error, 1), died: died}
}

func (r *reporter) logger() *zap.Logger { return zap.New(r, zap.WithFatalHook(zapcore.WriteThenPanic)) }

// Enabled reports whether etcd gives up with a line of this level.
func (r *reporter) Enabled(l zapcore.Level) bool { return l >= zapcore.PanicLevel }

// With drops the fields.
func (r *reporter) With([]zapcore.Field) zapcore.Core { return r }

// Sync has nothing to write.
func (r *reporter) Sync() error { return nil }

// Check takes the entries that Enabled names.
func (r *reporter) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if r.Enabled(e.Level) {
		return c.AddCore(e, r)
	}
	return c
}

// Write reports the entry's message with its error, and does not return.
func (r *reporter) Write(e zapcore.Entry, fields []zapcore.Field) error {
	err := fmt.Errorf("etcd gave up: %s", e.Message)
	for _, f := range fields {
		if cause, ok := f.Interface.(error); ok {
			err = fmt.Errorf("etcd gave up: %s: %w", e.Message, cause)
		}
	}
	if r.serving.Load() {
		r.once.Do(func() { r.died(err) })
		panic(err)
	}
	select {
	case r.gaveUp <- err:
	default:
	}
	runtime.Goexit()
	return nil
}
