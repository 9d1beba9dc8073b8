package http1

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Waiting is what is waited for: a connection, or whatever else ends a wait when it is given a time in the past.
type Waiting interface{ SetReadDeadline(time.Time) error }

// An Interrupt ends the waits for an endpoint when the client they are for is gone. The zero value is ready for
// use; it fires once, for good. Any goroutine may fire it.
type Interrupt struct {
	mu    sync.Mutex
	on    Waiting // what is waited for
	fired bool
	// turn is odd during a wait and never the same in two of them, so that an onlooker sees how long one lasts.
	turn atomic.Uint64
}

// Enter begins a wait for c, which may be nil; false: the interrupt has fired. The server looks after clients for whom one lasts.
func (i *Interrupt) Enter(c Waiting) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.on = c
	i.turn.Store(i.turn.Load() | 1)
	return !i.fired
}

// Leave ends the wait; it reports whether the interrupt has fired.
func (i *Interrupt) Leave() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.on = nil
	if turn := i.turn.Load(); turn&1 == 1 {
		i.turn.Store(turn + 1)
	}
	return i.fired
}

// Fire ends the wait that is under way, and all later ones.
func (i *Interrupt) Fire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fired = true
	if i.on != nil {
		_ = i.on.SetReadDeadline(time.Unix(1, 0)) // a closed connection ends the wait as well
	}
}

// Fired reports whether Fire has been called.
func (i *Interrupt) Fired() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fired
}
