package replay

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema"
)

// A Sum is what came of a replay.
type Sum struct {
	Sent   int // requests, each to both proxies
	Wrong  int // answers that are not as claimed
	Silent int // requests that a proxy did not answer

	limited int // answers of a rate limit in place of what is claimed
	shown   int
	hidden  map[string]int // changes that both answers would be the same without, by what they are of
	behind  map[string]int // of these, those that might show to a caller who is let in
	left    map[string]int // classes of which nothing was sent, by why
}

func (s *Sum) leave(why string) { s.left = counted(s.left, why) }

func counted(n map[string]int, what string) map[string]int {
	if n == nil {
		n = map[string]int{}
	}
	n[what]++
	return n
}

// add counts what was seen of a class.
func (s *Sum) add(of *seen) {
	if !of.answered {
		return
	}
	for part, shown := range of.parts {
		switch {
		case shown:
			s.shown++
		case of.refused && mayShow(part):
			s.behind = counted(s.behind, part)
		default:
			s.hidden = counted(s.hidden, part)
		}
	}
}

// A seen is what has been seen of a class: of each part of the route that differs, by the first name of its path, whether
// two answers as claimed have shown it.
type seen struct {
	parts  map[string]bool
	looked bool
	// answered says that both sides have answered as claimed, or with a limit's 429.
	answered bool
	refused  bool // one side or the other has let nobody in
}

func newSeen(c *behaviour.Class) *seen {
	parts := map[string]bool{}
	for _, change := range c.Changes {
		parts[partOf(change.Path)] = false
	}
	if len(c.Changes) == 0 {
		parts["answered"] = false
	}
	return &seen{parts: parts}
}

// look looks at two answers that are as claimed.
func (s *seen) look(before, after *claim, was, is *answer) {
	s.refused = (s.refused || !s.looked) && (refuses(before) || refuses(after))
	s.looked = true
	for part, shown := range s.parts {
		s.parts[part] = shown || shows(part, before, after, was, is)
	}
}

// whole reports whether everything has been seen that there may be to see.
func (s *seen) whole() bool {
	for part, shown := range s.parts {
		if !shown && mayShow(part) {
			return false
		}
	}
	return true
}

// refuses reports whether who is not known is not let in.
func refuses(c *claim) bool { return c.status == http.StatusUnauthorized && !c.passed }

// mayShow reports whether there are requests whose answers show a part of the route.
func mayShow(part string) bool {
	switch part {
	case "headers.request", "maxBodyBytes", "retry", "rewrite", "timeout", "upstreams":
		return false
	}
	return true
}

// shows reports whether two answers differ in what a part of the route makes of them. What a filter stands in front of that
// has refused either request is not shown by these.
func shows(part string, before, after *claim, was, is *answer) bool {
	differ := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return !reflect.DeepEqual(before.of(name), after.of(name)) && !slices.Equal(was.header.Values(name), is.header.Values(name))
		})
	}
	elsewhere := before.passed != after.passed && (was.status != is.status || was.body != is.body)
	answered := !before.passed && !after.passed && (was.status != is.status || differ("Location", "Www-Authenticate") || bodies(before, after))
	reached := !before.stopped && !after.stopped
	switch part {
	case "auth", "consumers":
		return !reached && (elsewhere || answered)
	case "cors":
		return !reached && (elsewhere || answered) && before.preflight || differ("Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
			"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age")
	case "headers", "headers.response":
		return differ(slices.Concat(before.changed, after.changed)...)
	case "rateLimit":
		return differ("Ratelimit-Policy")
	case "answered": // or no longer, or a preflight by another route
		return was.route != is.route || elsewhere || answered || differ(fieldsOf(before, after)...)
	case "redirect", "respond":
		return reached && (elsewhere || answered || differ(fieldsOf(before, after)...))
	case "backends", "rewrite", "upstreams":
		return reached && elsewhere
	}
	return false // timeouts, retries, bodies
}

// bodies reports whether both answers have a body that is claimed, and another one.
func bodies(before, after *claim) bool {
	return before.body != nil && after.body != nil && *before.body != *after.body
}

// partOf is the first name of a change's path; of headers, the message's too.
func partOf(at schema.Path) string {
	names := at.Names()
	if names[0] == "headers" && len(names) > 1 {
		return "headers." + names[1]
	}
	return names[0]
}

func fieldsOf(all ...*claim) (names []string) {
	for _, c := range all {
		for _, f := range c.fields {
			names = append(names, f.name)
		}
	}
	return names
}

// String says it in lines, the first of which is there in any case.
func (s *Sum) String() string {
	lines := []string{fmt.Sprintf("replayed %d requests, %d answers not as claimed", s.Sent, s.Wrong)}
	if s.Silent > 0 {
		lines[0] += fmt.Sprintf(", %d without an answer", s.Silent)
	}
	if s.shown > 0 {
		lines = append(lines, fmt.Sprintf("shown by the answers: %d", s.shown))
	}
	lines = append(lines, listed("not shown by one request: ", s.hidden)...)
	lines = append(lines, listed("not shown without credentials: ", s.behind)...)
	if s.limited > 0 {
		lines = append(lines, fmt.Sprintf("429 by a rate limit in place of what is claimed: %d", s.limited))
	}
	return strings.Join(append(lines, listed("not sent: ", s.left)...), "\n")
}

// listed returns a line of what was counted; none, if nothing was.
func listed(head string, n map[string]int) []string {
	if len(n) == 0 {
		return nil
	}
	var all []string
	for _, what := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprintf("%d %s", n[what], what))
	}
	return []string{head + strings.Join(all, ", ")}
}
