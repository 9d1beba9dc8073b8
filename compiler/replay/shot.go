package replay

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routetest"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A shot is a request to both proxies.
type shot struct {
	request *space.Request
	port    int
	// old and new are the routes that the report says take it; "": it says nothing of this very request.
	old, new string
	caller   routetest.Caller
}

// String returns the request in a line, and who sends it, without what they show.
func (s shot) String() string {
	text := s.request.String()
	switch {
	case s.caller.Consumer != "":
		text += " of consumer " + s.caller.Consumer
	case s.caller.Claims != nil:
		claims, _ := json.Marshal(s.caller.Claims) // JSON by name
		text += " of a token that says " + string(claims)
	}
	return text
}

// shots returns a class's example, and where its routes differ in what they tell pages of other origins, the same request
// from such pages, and their preflights.
func (r *Replay) shots(c *behaviour.Class) []shot {
	out := []shot{{request: c.Request, port: c.Port, old: c.Old.String(), new: c.New.String()}}
	if !slices.ContainsFunc(c.Changes, func(change diff.Change) bool { return partOf(change.Path) == "cors" }) {
		return out
	}
	before, after := r.old.answer(out[0], nil), r.new.answer(out[0], nil)
	for _, origin := range origins(before.Written(), after.Written()) {
		in, ok := with(c.Request, space.Field{Name: "origin", Value: origin})
		if !ok {
			continue
		}
		out = append(out, shot{request: in, port: c.Port})
		method := c.Request.Method
		if in, ok = with(in, space.Field{Name: "access-control-request-method", Value: method}); ok && method != "OPTIONS" {
			in.Method = "OPTIONS"
			out = append(out, shot{request: in, port: c.Port})
		}
	}
	return out
}

// with returns a request with a field more; false: it has the field, or must not have it.
func with(in *space.Request, f space.Field) (*space.Request, bool) {
	if slices.Contains(in.Without, f.Name) || slices.ContainsFunc(in.Header, func(h space.Field) bool { return h.Name == f.Name }) {
		return nil, false
	}
	out := *in
	out.Header = append(slices.Clone(in.Header), f)
	return &out, true
}

// maxOrigins is how many origins are tried: there may be hundreds, and the diff lists what differs.
const maxOrigins = 4

// origins returns origins that pages of two routes may have, those first that only one of them knows.
func origins(was, is *schema.Route) []string {
	known := map[string]int{}
	for _, r := range []*schema.Route{was, is} {
		if r == nil || r.CORS == nil || r.CORS.Disabled {
			continue
		}
		for _, origin := range slices.Compact(slices.Sorted(slices.Values(r.CORS.Origins))) {
			if origin == "*" {
				origin = "https://replay.example"
			}
			known[strings.Replace(origin, "*", "replay", 1)]++
		}
	}
	var out []string
	for origin := range schema.Sorted(known) {
		out = append(out, origin)
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(known[a], known[b]) })
	return out[:min(len(out), maxOrigins)]
}

// asCallers returns a request as callers send it whom the routes let pass that refuse it without: one of those before, one of
// those now, as far as their credentials are known. Each side is shown what it takes of the same caller.
func (r *Replay) asCallers(in shot) (out []shot) {
	for _, side := range []side{r.old, r.new} {
		met := side.answer(in, nil)
		if met.Status != http.StatusUnauthorized {
			continue
		}
		caller := side.model.Admitted(&met, &r.known)
		same := func(other shot) bool { return reflect.DeepEqual(other.caller, caller) }
		if !caller.Nobody() && !slices.ContainsFunc(out, same) {
			out = append(out, shot{request: in.request, port: in.port, caller: caller})
		}
	}
	return out
}
