package sample

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"gwc.dev/schema"
)

// Copy returns a model that shares nothing with g. What a model cannot be written as is a mistake of this package.
func Copy(g *schema.Gateway) *schema.Gateway {
	data, err := g.Encode()
	if err != nil {
		panic(err)
	}
	out, err := schema.Decode(data)
	if err != nil {
		panic(err)
	}
	return out
}

// Edited returns a gateway with some edits, of which many change nothing.
func Edited(r *rand.Rand, g *schema.Gateway) *schema.Gateway {
	out := Copy(g)
	for range 1 + r.IntN(4) {
		api := pick(r, slices.Sorted(maps.Keys(out.APIs))...)
		a := out.APIs[api]
		var name string
		if len(a.Routes) > 0 {
			name = pick(r, slices.Sorted(maps.Keys(a.Routes))...)
		}
		route := a.Routes[name]
		switch r.IntN(15) {
		case 0:
			delete(a.Routes, name)
		case 1, 2:
			a.Routes["new"] = randomRoute(r)
		case 3:
			a.Routes["x"+name] = route
			delete(a.Routes, name)
		case 4:
			out.APIs["x"+api] = a
			delete(out.APIs, api)
			continue
		case 5:
			a.Filters = randomFilters(r, 2)
		case 6:
			out.Filters = randomFilters(r, 2)
		case 7:
			out.Upstreams[pick(r, "u0", "u1", "u2")] = randomUpstream(r)
		case 8:
			out.Consumers["c0"] = schema.Consumer{Groups: some(r, "free", "gold"), APIKeys: map[string]schema.APIKey{"k": {SHA256: fmt.Sprintf("%064d", r.IntN(20)+100)}}}
		case 9:
			a.Hosts = some(r, "a.test", "*.a.test")
		case 10:
			out.Listeners["http"] = randomListener(r, pick(r, 8080, 8080, 8080, 8081))
		case 11:
			route.Filters = randomFilters(r, 2)
			a.Routes[name] = route
		case 12:
			if !refersToPrefix(route) {
				route.Match = randomMatch(r)
				a.Routes[name] = route
			}
		case 14: // a consumer by another name
			if c, ok := out.Consumers["c2"]; ok {
				delete(out.Consumers, "c2")
				out.Consumers["c9"] = c
			}
			continue
		case 13:
			if l, ok := out.Listeners["https"]; ok { // a listener by another name
				delete(out.Listeners, "https")
				out.Listeners["secure"] = l
				for name, api := range out.APIs {
					for i, l := range api.Listeners {
						api.Listeners[i] = strings.ReplaceAll(l, "https", "secure")
					}
					out.APIs[name] = api
				}
				continue
			}
		}
		if len(a.Routes) == 0 {
			delete(out.APIs, api)
			out.APIs["rest"] = randomAPI(r, out)
			continue
		}
		out.APIs[api] = a
	}
	return out
}

func refersToPrefix(r schema.Route) bool {
	return r.Rewrite != nil && r.Rewrite.Prefix != "" || r.Redirect != nil && r.Redirect.Path != nil && r.Redirect.Path.Prefix != ""
}
