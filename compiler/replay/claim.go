package replay

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime/exchange"
)

// A claim is what an answer has to be.
type claim struct {
	route     string // as the report has it, where it is its own example; "none" where the request is refused before there is one
	refused   bool   // for a path that reads in two ways
	passed    bool   // a backend answers
	stopped   bool   // a filter refuses the request, or answers a preflight, before what the route does with others
	preflight bool
	limited   bool    // a rate limit counts the request, and may have had enough of them
	status    int     // where a backend does not answer
	body      *string // where the route answers with a text of its own
	fields    []field
	changed   []string // the fields of answers that the route changes
}

// A field is what is claimed of a header field: its value, that it is there at all, or that it is not.
type field struct {
	name   string
	values []string
	is     presence
}

type presence int

const (
	absent  presence = iota
	present          // whatever the value
	exact            // all values
	among            // these values, beside a backend's
)

// claims returns what is claimed of both answers to a request.
func (r *Replay) claims(in shot) (before, after *claim) {
	was, is := r.old.answer(in, nil), r.new.answer(in, nil)
	names := concerned(was, is)
	return r.old.claim(in, was, in.old, names), r.new.claim(in, is, in.new, names)
}

// answer returns what the model makes of a request.
func (s *side) answer(in shot, backend exchange.Header) routetest.Answer {
	return s.model.Answer(s.named[in.port], in.request, in.caller, backend)
}

// claim returns what is claimed of one answer.
func (s *side) claim(in shot, says routetest.Answer, took string, names []string) *claim {
	out := &claim{
		route: cmp.Or(took, says.Route, "none"), passed: says.Passed, limited: len(says.Limits) > 0, status: says.Status,
		stopped: !says.Passed && says.Route != "" && says.Reason != "respond" && says.Reason != "redirect", preflight: in.request.Preflight(),
		changed: changedBy(says),
	}
	if says.Reason == "path-ambiguous" {
		out.route, out.refused = "none", true
	}
	if out.passed {
		out.fields = s.passes(in, says, names)
		return out
	}
	if says.Reason == "respond" && in.request.Method != http.MethodHead {
		out.body = &says.Body
	}
	for _, name := range names {
		values := valuesOf(says.Header, name)
		switch {
		case len(values) == 0:
			out.fields = append(out.fields, field{name: name})
		case name == "Ratelimit": // says what is left
			out.fields = append(out.fields, field{name: name, is: present})
		default:
			out.fields = append(out.fields, field{name, values, exact})
		}
	}
	return out
}

// passes returns what is claimed of the fields of a backend's answer: of those that come out the same whatever the backend
// sends, that, and of those that the gateway adds something to, that this is among them.
func (s *side) passes(in shot, says routetest.Answer, names []string) (out []field) {
	var all exchange.Header
	for _, name := range names {
		all.Add(name, "of the backend")
	}
	other := s.answer(in, all)
	for _, name := range names {
		without, with := valuesOf(says.Header, name), valuesOf(other.Header, name)
		switch {
		case !slices.Equal(without, with) && len(without) > 0:
			out = append(out, field{name, without, among})
		case !slices.Equal(without, with): // the backend's
		case len(without) == 0:
			out = append(out, field{name: name})
		case name == "Ratelimit":
			out = append(out, field{name: name, is: present})
		default:
			out = append(out, field{name, without, exact})
		}
	}
	return out
}

// concerned returns the names of fields that either model has a say in.
func concerned(all ...routetest.Answer) []string {
	names := []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
		"Access-Control-Expose-Headers", "Access-Control-Max-Age", "Location", "Ratelimit", "Ratelimit-Policy", "Www-Authenticate",
	}
	for _, a := range all {
		for _, f := range a.Header {
			names = append(names, f.Name)
		}
		names = append(names, changedBy(a)...)
	}
	for i, name := range names {
		names[i] = http.CanonicalHeaderKey(name)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "X-Request-Id" }) // is written over
}

// changedBy returns the names of fields of answers that the route of one is told to change.
func changedBy(a routetest.Answer) (names []string) {
	r := a.Written()
	if r == nil || r.Headers == nil || r.Headers.Disabled || r.Headers.Response == nil {
		return nil
	}
	c := r.Headers.Response
	for _, name := range slices.Concat(slices.Collect(maps.Keys(c.Set)), slices.Collect(maps.Keys(c.Add)), c.Remove) {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	return names
}

func valuesOf(h exchange.Header, name string) (values []string) {
	for _, f := range h {
		if exchange.EqualFold(f.Name, name) {
			values = append(values, strings.Trim(f.Value, " \t"))
		}
	}
	return values
}

// of returns what is claimed of a field; nil: nothing is.
func (c *claim) of(name string) *field {
	for i := range c.fields {
		if c.fields[i].name == name {
			return &c.fields[i]
		}
	}
	return nil
}

// contradicted says what of an answer is not as claimed, each as a clause that follows "the request was".
func (c *claim) contradicted(got *answer) (wrong []string) {
	if got.route != c.route {
		return []string{fmt.Sprintf("taken by %s, not by %s%s", got.route, c.route, map[bool]string{true: " (its path reads in two ways)"}[c.refused])}
	}
	switch {
	case c.passed && got.own && !unreached(got.status):
		return []string{fmt.Sprintf("refused by the gateway with %d, not passed to a backend", got.status)}
	case !c.passed && got.status != c.status:
		return []string{fmt.Sprintf("answered with status %d, not %d", got.status, c.status)}
	case c.body != nil && len(*c.body) <= maxBody && got.body != *c.body:
		wrong = append(wrong, "answered with another body")
	}
	for _, f := range c.fields {
		if f.name == "Content-Type" && c.passed && got.own {
			continue // of the gateway's own document
		}
		if clause := f.contradicted(got.header); clause != "" {
			wrong = append(wrong, clause)
		}
	}
	return wrong
}

// hidden reports whether a rate limit that counts the request has answered in place of all else.
func (c *claim) hidden(got *answer) bool {
	return got.route == c.route && c.limited && got.own && got.status == http.StatusTooManyRequests
}

// unreached reports whether the gateway answers with a status where no backend did.
func unreached(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

func (f *field) contradicted(got http.Header) string {
	values := got.Values(f.name)
	want, came := strings.Join(f.values, ", "), strings.Join(values, ", ")
	name := strings.ToLower(f.name)
	switch {
	case f.is == absent && len(values) > 0:
		return fmt.Sprintf("answered with %s %q, not without", name, came)
	case f.is == absent, f.is == present && len(values) > 0, f.is == exact && came == want, f.is == among && f.within(came):
		return ""
	case len(values) == 0:
		return fmt.Sprintf("answered without %s, not with %s", name, cmp.Or(quotedOrNone(want), "any"))
	}
	return fmt.Sprintf("answered with %s %q, not %q", name, came, want)
}

func quotedOrNone(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}

// within reports whether each value is one of those that came. A "*" of Vary says more than any name.
func (f *field) within(came string) bool {
	all := strings.Split(strings.ReplaceAll(came, ", ", ","), ",")
	if f.name == "Vary" && slices.Contains(all, "*") {
		return true
	}
	for _, value := range f.values {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, value) }) && !strings.Contains(came, value) {
			return false
		}
	}
	return true
}
