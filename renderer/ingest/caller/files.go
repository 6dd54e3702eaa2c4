package caller

import (
	"sync"
	"time"
)

// Files is a value that is read from files, again and again: keys and
// certificates rotate while they are used. It is safe for concurrent use.
type Files[T any] struct {
	read   func() (T, error)
	failed func(error)

	mu    sync.Mutex
	value T
	at    time.Time
}

// every is how often files are read again.
const every = 10 * time.Second

// Open reads the value for the first time. Later readings that fail leave it as
// it was, and are told to failed, which may be nil.
func Open[T any](now time.Time, read func() (T, error), failed func(error)) (*Files[T], error) {
	value, err := read()
	if err != nil {
		return nil, err
	}
	return &Files[T]{read: read, failed: failed, value: value, at: now}, nil
}

// Get returns the value as it was last read without an error. A clock that
// goes back is no reason not to read.
func (f *Files[T]) Get(now time.Time) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.at).Abs() < every {
		return f.value
	}
	f.at = now
	value, err := f.read()
	switch {
	case err == nil:
		f.value = value
	case f.failed != nil:
		f.failed(err)
	}
	return f.value
}
