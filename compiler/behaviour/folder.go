package behaviour

import (
	"slices"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/space"
)

// A folder makes one class of those that differ alike.
type folder struct {
	classes []*Class
	places  map[string]int
	pairs   map[pairKey]bool
	shown   map[exampleKey]*Class
	first   map[[2]Route]int // the first class of a pair of routes
}

// A pairKey is a pair of routes in a class, at some listeners.
type pairKey struct {
	class     int
	routes    [2]Route
	listeners string
}

// An exampleKey is a pair of routes in a class, and its example.
type exampleKey struct {
	class   int
	routes  [2]Route
	example string
}

func newFolder() *folder {
	return &folder{places: map[string]int{}, pairs: map[pairKey]bool{}, shown: map[exampleKey]*Class{}, first: map[[2]Route]int{}}
}

func (c *Class) pair() (routes [2]Route) {
	if c.Old != nil {
		routes[0] = *c.Old
	}
	if c.New != nil {
		routes[1] = *c.New
	}
	return routes
}

// add adds a class, or makes it one with what differs alike.
func (f *folder) add(c *Class, alike string) {
	alike += c.Reason + compact(c.Changes)
	if c.Undecided {
		alike += "undecided"
	}
	at, ok := f.places[alike]
	if !ok {
		at = len(f.classes)
		f.places[alike] = at
		f.classes = append(f.classes, c)
	}
	f.join(c, at)
	if _, known := f.first[c.pair()]; !known {
		f.first[c.pair()] = at
	}
}

// join puts a class beside the one at a place, unless that is it, or has the pair of routes already: it may be another host
// of one API. What has the same example at other listeners is one with that.
func (f *folder) join(c *Class, at int) {
	k := pairKey{at, c.pair(), compact(c.Listeners)}
	if f.pairs[k] {
		return
	}
	f.pairs[k] = true
	head := f.classes[at]
	if c.Request != nil {
		example := exampleKey{at, c.pair(), c.Request.String() + c.toldText()}
		if same := f.shown[example]; same != nil {
			same.Listeners = sorted(slices.Concat(same.Listeners, c.Listeners))
			return
		}
		f.shown[example] = c
	}
	if head != c {
		c.Changes = nil
		head.Alike = append(head.Alike, c)
	}
}

// beside puts a class beside that of a pair of routes.
func (f *folder) beside(c *Class, pair [2]Route) {
	if at, ok := f.first[pair]; ok {
		f.join(c, at)
		return
	}
	f.add(c, "preflight")
}

// rest adds the one class of all that was not asked any more.
func (f *folder) rest(c *comparison) {
	class := &Class{Severity: diff.Breaking, Reason: "more is treated differently"}
	c.show(class, space.Result{Verdict: space.Undecided})
	f.add(class, "rest")
}
