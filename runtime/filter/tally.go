package filter

import "sync"

// A tally counts a route's events of one kind by label. Each counter is a time series, and most labels never occur
// on most routes: it is looked up when its label first does, and kept.
type tally struct {
	counter           func(event, api, route, label string) func() // nil: nothing is counted
	event, api, route string

	mu      sync.Mutex
	byLabel map[string]func()
}

func (c *compilation) tally(event string) *tally {
	return &tally{counter: c.deps.Count, event: event, api: c.API, route: c.Name}
}

// count counts one event. The label is one of few, and no text of a client's.
func (t *tally) count(label string) {
	if t.counter == nil {
		return
	}
	t.mu.Lock()
	count, ok := t.byLabel[label]
	if !ok {
		if t.byLabel == nil {
			t.byLabel = map[string]func(){}
		}
		count = t.counter(t.event, t.api, t.route, label)
		t.byLabel[label] = count
	}
	t.mu.Unlock()
	count()
}
