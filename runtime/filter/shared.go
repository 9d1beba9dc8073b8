package filter

import "reflect"

// A shared is a filter that depends on its configuration alone, C, and keeps no state: routes that inherit the
// configuration share the filter. It remembers the last one, since routes come sorted by API.
type shared[C any, F Filter] struct {
	config C
	filter F
	usable bool
}

// of returns the filter of config. One that problems were reported of is made again, for them to be reported at
// each route.
func (s *shared[C, F]) of(c *compilation, config C, compile func() F) F {
	if s.usable && reflect.DeepEqual(s.config, config) {
		return s.filter
	}
	before := len(c.problems)
	f := compile()
	*s = shared[C, F]{config, f, len(c.problems) == before}
	return f
}
