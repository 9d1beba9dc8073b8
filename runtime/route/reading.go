package route

import (
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// Ambiguous reports whether the path of a request that found takes leads to another route for somebody who reads
// it in another way: "/admin%2Fusers" and "/admin;a/users" are no paths below "/admin" here, and are for many a
// backend. Such a request is to be refused, or it would reach the one route's backend past the other's filters.
// Where all readings lead to one route the path is fine: that is how "%2F" stays of use in names.
func (t *Table) Ambiguous(listener string, r *exchange.Request, found *Route) bool {
	if len(found.Backends) == 0 || !schema.ReadsTwoWays(r.Path) {
		return false
	}
	for path, ok := range schema.Readings(r.Path) {
		if !ok {
			return true
		}
		other := *r
		other.Path = path
		if to := t.Match(listener, &other); to != nil && to != found {
			return true
		}
	}
	return false
}
