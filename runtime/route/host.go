package route

import (
	"strings"
)

// hosts is a set of host patterns with a value each.
type hosts[V any] struct {
	exact    map[string]V
	wildcard map[string]V // by what stands behind the "*."
	any      *V
	longest  int // pattern: nothing longer is looked up
}

// at returns the value of a pattern, "" for any host, which is made by the function if it is not there.
func (h *hosts[V]) at(pattern string, make func() V) V {
	h.longest = max(h.longest, len(pattern))
	if pattern == "" {
		if h.any == nil {
			v := make()
			h.any = &v
		}
		return *h.any
	}
	set := &h.exact
	if suffix, ok := strings.CutPrefix(pattern, "*."); ok {
		set, pattern = &h.wildcard, suffix
	}
	if *set == nil {
		*set = map[string]V{}
	}
	v, ok := (*set)[pattern]
	if !ok {
		v = make()
		(*set)[pattern] = v
	}
	return v
}

// lookup yields the values of the patterns that match a host, the most specific one first: exact, then wildcards
// from the longest on, then any. A wildcard stands for one label or more.
func (h *hosts[V]) lookup(host string) func(yield func(V) bool) {
	return func(yield func(V) bool) {
		if len(host) <= h.longest {
			if v, ok := h.exact[host]; ok && !yield(v) {
				return
			}
		}
		rest := host
		if over := len(host) - h.longest - 2; over > 0 { // one more byte than the longest suffix and its dot
			rest = host[over:]
		}
		for len(h.wildcard) > 0 {
			label, suffix, more := strings.Cut(rest, ".")
			if !more {
				break
			}
			rest = suffix
			if len(suffix) > h.longest || label == "" {
				continue
			}
			if v, ok := h.wildcard[suffix]; ok && !yield(v) {
				return
			}
		}
		if h.any != nil {
			yield(*h.any)
		}
	}
}

// covers reports whether a pattern matches the host.
func (h *hosts[V]) covers(host string) bool {
	for range h.lookup(host) {
		return true
	}
	return false
}

// validHost reports whether s is a host name in lower case, or a wildcard in its first label.
func validHost(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}
