package routetest

import (
	"encoding/json"

	"gwc.dev/schema"
)

// settings holds what a route is made of against what is wanted, part by part.
func (c *comparison) settings(want *schema.TestSettings, route *schema.Route) {
	wanted, got := written(want, route.Backends), partsOf(*route)
	for _, part := range []string{
		"match", "auth", "rateLimit", "cors", "headers", "timeout", "maxBodyBytes", "retry", "rewrite", "redirect", "respond",
	} {
		is, ok := wanted[part]
		if !ok {
			is = "none"
		}
		c.hold(is == got[part] || !ok && got[part] == "", part, is, got[part], "settings", part)
	}
}

// written returns the parts of what is wanted, with the defaults that a route has.
func written(want *schema.TestSettings, backends map[string]schema.Backend) map[string]string {
	g := &schema.Gateway{APIs: map[string]schema.API{"": {Routes: map[string]schema.Route{"": {
		Match: want.Match, Rewrite: want.Rewrite, Redirect: want.Redirect, Respond: want.Respond, Filters: want.Filters, Backends: backends,
	}}}}}
	return partsOf(g.Resolve().APIs[""].Routes[""])
}

// partsOf returns the parts of a route by name, in the one way to write each. At which level a limit is written is not a
// part of the route.
func partsOf(r schema.Route) map[string]string {
	if r.RateLimit != nil {
		windows := map[string]schema.RateLimitWindow{}
		for name, w := range r.RateLimit.Windows {
			w.Scope = ""
			windows[name] = w
		}
		r.RateLimit = &schema.RateLimit{Windows: windows}
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain data
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		panic(err) // what was just written
	}
	parts := map[string]string{}
	for name, value := range raw {
		parts[name] = string(value)
	}
	return parts
}
