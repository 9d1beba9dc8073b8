package filter

import "sync"

// counter returns the counter of one kind of event of the route.
func (c *compilation) counter(event, label string) func() {
	if c.deps.Count == nil {
		return func() {}
	}
	return c.deps.Count(event, c.API, c.Name, label)
}

// A tally counts a route's events of one kind by label. Each counter is a time series, and most labels never occur
// on most routes: it is looked up when its label first does, and kept.
type tally struct {
	counter func(label string) func()

	mu      sync.Mutex
	byLabel map[string]func()
}

// count counts one event. The label is one of few, and no text of a client's.
func (t *tally) count(label string) {
	t.mu.Lock()
	count, ok := t.byLabel[label]
	if !ok {
		if t.byLabel == nil {
			t.byLabel = map[string]func(){}
		}
		count = t.counter(label)
		t.byLabel[label] = count
	}
	t.mu.Unlock()
	count()
}
