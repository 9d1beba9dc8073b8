package http2

import (
	"sync"
	"time"
)

// An alarm calls a function at a time that is put off over and over. That costs next to nothing: its timer is set
// where there is none yet for an earlier time, and finds out by itself that it came too early.
type alarm struct {
	call func()

	mu    sync.Mutex
	timer *time.Timer
	due   time.Time // zero: never
	armed time.Time // when the timer fires; zero: it does not
}

// set puts the alarm to a time; zero: to none.
func (a *alarm) set(due time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due = due
	if !due.IsZero() && (a.armed.IsZero() || due.Before(a.armed)) {
		a.arm()
	}
}

// arm lets the timer fire when it is due. a.mu is held.
func (a *alarm) arm() {
	a.armed = a.due
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(a.due), a.fire)
	} else {
		a.timer.Reset(time.Until(a.due))
	}
}

func (a *alarm) fire() {
	a.mu.Lock()
	a.armed = time.Time{}
	switch {
	case a.due.IsZero():
		a.mu.Unlock()
		return
	case time.Now().Before(a.due):
		a.arm()
		a.mu.Unlock()
		return
	}
	a.due = time.Time{}
	a.mu.Unlock()
	a.call()
}

// A waiter is where one goroutine waits until another wakes it or its time is up. It is woken at times without a
// reason, also by what concerned the stream that had it before: whoever waits looks again at what it waits for.
type waiter struct {
	woken chan struct{}
	alarm alarm
}

func (w *waiter) init() {
	w.woken = make(chan struct{}, 1)
	w.alarm.call = w.wake
}

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// wait waits until woken; true: the time is up. Zero: it never is.
func (w *waiter) wait(until time.Time) (late bool) {
	if until.IsZero() {
		<-w.woken
		return false
	}
	w.alarm.set(until)
	<-w.woken
	w.alarm.set(time.Time{})
	return !time.Now().Before(until) // the clock says so, for whose alarm it was is not known
}
