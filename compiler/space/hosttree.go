package space

import (
	"iter"
	"strings"
)

// A hostTree has the branches of an index by the conditions on the host, in a tree of labels from the last one on.
type hostTree struct {
	any  *branch // of matches that ask for no host
	root hostNode
}

// A hostNode stands for a name: of that host itself, and of those with one label or more before it.
type hostNode struct {
	exact, wildcard *branch
	next            map[string]*hostNode
}

// at returns the branch of a condition, nil for none, which it makes if it is not there.
func (t *hostTree) at(host *condition) *branch {
	to := &t.any
	if host != nil {
		n := &t.root
		for label := range labels(name(host)) {
			if n.next == nil {
				n.next = map[string]*hostNode{}
			}
			if n.next[label] == nil {
				n.next[label] = &hostNode{}
			}
			n = n.next[label]
		}
		to = &n.exact
		if host.kind == wildcard {
			to = &n.wildcard
		}
	}
	if *to == nil {
		*to = &branch{}
	}
	return *to
}

// only yields the branch of a condition, if there is one.
func (t *hostTree) only(host *condition) iter.Seq[*branch] {
	return func(yield func(*branch) bool) {
		if host == nil {
			if t.any != nil {
				yield(t.any)
			}
			return
		}
		n := &t.root
		for label := range labels(name(host)) {
			if n = n.next[label]; n == nil {
				return
			}
		}
		if b := n.exact; b != nil && host.kind == oneOf {
			yield(b)
		} else if b := n.wildcard; b != nil && host.kind == wildcard {
			yield(b)
		}
	}
}

// meeting yields the branches of all conditions that allow a host together with one.
func (t *hostTree) meeting(host *condition) iter.Seq[*branch] {
	return func(yield func(*branch) bool) {
		if t.any != nil && !yield(t.any) {
			return
		}
		if host == nil {
			t.root.all(yield)
			return
		}
		n := &t.root
		for label := range labels(name(host)) {
			if n.wildcard != nil && !yield(n.wildcard) {
				return
			}
			if n = n.next[label]; n == nil {
				return
			}
		}
		if host.kind != wildcard {
			if n.exact != nil {
				yield(n.exact)
			}
			return
		}
		if n.wildcard != nil && !yield(n.wildcard) {
			return
		}
		for _, next := range n.next {
			if !next.all(yield) {
				return
			}
		}
	}
}

// all yields the branches of n and below; false: it was ended.
func (n *hostNode) all(yield func(*branch) bool) bool {
	if n.exact != nil && !yield(n.exact) || n.wildcard != nil && !yield(n.wildcard) {
		return false
	}
	for _, next := range n.next {
		if !next.all(yield) {
			return false
		}
	}
	return true
}

// name is the host of a condition, or what a wildcard stands before. A condition that no host fulfils has none.
func name(host *condition) string {
	if host.kind == wildcard {
		return host.text
	}
	return host.texts[0]
}

// labels yields the labels of a host from the last one on.
func labels(host string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for more := true; more; {
			dot := strings.LastIndexByte(host, '.')
			if !yield(host[dot+1:]) {
				return
			}
			more = dot >= 0
			host = host[:max(dot, 0)]
		}
	}
}
