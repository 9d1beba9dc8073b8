package http2

import (
	"context"
	"sync"
	"time"
)

// A life is a stream's context: it ends with the stream. Hardly anybody waits for that, so it has next to nothing until
// somebody does. It is never used for another stream.
type life struct {
	mu    sync.Mutex
	over  bool
	done  chan struct{} // nil: nobody has asked
	after map[*func()]struct{}
}

// Deadline implements [context.Context].
func (*life) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements [context.Context].
func (*life) Value(any) any { return nil }

// Done implements [context.Context].
func (l *life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.over {
			close(l.done)
		}
	}
	return l.done
}

// Err implements [context.Context].
func (l *life) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return context.Canceled
	}
	return nil
}

// AfterFunc has f called, on a goroutine of its own, when the life is over. Package context looks for this method.
func (l *life) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		go f()
		return func() bool { return false }
	}
	if l.after == nil {
		l.after = map[*func()]struct{}{}
	}
	key := &f
	l.after[key] = struct{}{}
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, there := l.after[key]
		delete(l.after, key)
		return there
	}
}

// end ends the life.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	if l.done != nil {
		close(l.done)
	}
	for f := range l.after {
		go (*f)()
	}
	l.after = nil
}
