package route

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gwc.dev/runtime/exchange"
)

// A match is a route's match, compiled. It stands in the site of each of the route's hosts.
type match struct {
	route   *Route
	path    pathMatch
	methods []string
	values  []valueMatch // of the header, then of the query
	headers int          // how many of values are of the header
	rank    int          // among all matches of the table; the smaller wins
}

type pathKind int

const (
	exactPath pathKind = iota
	prefixPath
	regexPath
)

// A pathMatch holds a path in normal form; of an expression, the literal whole segments that it begins with.
type pathMatch struct {
	kind  pathKind
	text  string
	regex *regexp.Regexp
}

// A valueMatch says what the value of a header field or a query parameter has to be.
type valueMatch struct {
	query bool
	name  string
	exact *string
	regex *regexp.Regexp
	// Where neither is set: whether the name has to be there.
	present bool
}

// A request is a request with the method that is asked for: in a preflight not its own.
type request struct {
	*exchange.Request
	method string
}

// compareRank orders matches by all that precedes in precedence and is not host, path or name.
func compareRank(a, b *match) int {
	return cmp.Or(
		-cmp.Compare(min(len(a.methods), 1), min(len(b.methods), 1)),
		-cmp.Compare(a.headers, b.headers),
		-cmp.Compare(len(a.values), len(b.values)), // of as many header matches: those of the query
	)
}

// fits reports whether m takes a request whose exact path or prefix is right already.
func (m *match) fits(r *request) bool {
	if len(m.methods) > 0 && !slices.Contains(m.methods, r.method) {
		return false
	}
	for i := range m.values {
		if !m.values[i].fits(r) {
			return false
		}
	}
	return m.path.regex == nil || m.path.regex.MatchString(r.Path)
}

func (v *valueMatch) fits(r *request) bool {
	value, ok := v.of(r)
	switch {
	case v.exact != nil:
		return ok && value == *v.exact
	case v.regex != nil:
		return ok && v.regex.MatchString(value)
	}
	return ok == v.present
}

// of returns the value that v looks at. A field that is there several times has the value that RFC 9110, section
// 5.3, gives it: all of them, with commas between. Nobody can show one to the gateway and another to the backend.
func (v *valueMatch) of(r *request) (string, bool) {
	if v.query {
		return exchange.LookupQuery(r.Query, v.name)
	}
	value, ok := r.Header.Lookup(v.name)
	if ok && r.Header.Count(v.name) > 1 {
		var all []string
		for i := range r.Header {
			if exchange.EqualFold(r.Header[i].Name, v.name) {
				all = append(all, r.Header[i].Value)
			}
		}
		value = strings.Join(all, ", ")
	}
	return value, ok
}
