package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

// checkServed: every API has routes and a listener that serves it, and every host of an API one that takes it.
func checkServed(p *pass) {
	if len(p.Listeners) == 0 && len(p.APIs) > 0 {
		p.report(diag.Finding{
			Code: "listener-missing", Severity: diag.Error, Path: schema.NewPath("listeners"),
			Message: "no listener is defined, so that no API is served",
			Hint:    "add one: listeners: http: port: 8080",
		})
		return
	}
	hosts := map[string]routing.Patterns{} // by listener
	for name, l := range p.Listeners {
		hosts[name] = routing.PatternsOf(l.Hosts)
	}
	for name, api := range schema.Sorted(p.APIs) {
		if len(api.Routes) == 0 {
			p.report(diag.Finding{
				Code: "api-empty", Severity: diag.Warning, Path: schema.NewPath("apis", name),
				Message: fmt.Sprintf("API %q has no routes", name),
				Hint:    fmt.Sprintf(`add one: routes: default: {match: path: prefix: "/%s", backends: ...}, or remove the API`, name),
			})
		}
		listeners, known := serving(p.Gateway, api)
		if len(listeners) == 0 {
			if known {
				p.unserved(name, api)
			}
			continue
		}
		p.useless(name, api, listeners, hosts)
		for i, host := range api.Hosts {
			if slices.ContainsFunc(listeners, func(l string) bool { return hosts[l].Takes(host) }) {
				continue
			}
			example := p.any(name, host)
			p.report(diag.Finding{
				Code: "host-unserved", Severity: diag.Error, Path: schema.NewPath("apis", name, "hosts", strconv.Itoa(i)),
				Message: fmt.Sprintf("no listener of API %q takes host %q%s", name, host, instance(example)),
				Request: p.sent(first(p.Gateway, api), example),
				Hint:    fmt.Sprintf("add %q to the hosts of a listener, or remove it here", host),
				Related: []diag.Related{{Path: schema.NewPath("listeners", first(p.Gateway, api), "hosts"), Message: fmt.Sprintf("what listener %q takes", first(p.Gateway, api))}},
			})
		}
	}
}

// useless reports the listeners that an API names and that take none of its hosts, while others do.
func (p *pass) useless(name string, api schema.API, listeners []string, hosts map[string]routing.Patterns) {
	takesSome := func(l string) bool { return slices.ContainsFunc(api.Hosts, hosts[l].Takes) }
	if len(api.Hosts) == 0 || !slices.ContainsFunc(listeners, takesSome) {
		return
	}
	for i, listener := range api.Listeners {
		l, known := p.Listeners[listener]
		if !known || l.Redirect != nil || takesSome(listener) {
			continue
		}
		example := p.any(name, "")
		p.report(diag.Finding{
			Code: "host-unserved", Severity: diag.Warning, Path: schema.NewPath("apis", name, "listeners", strconv.Itoa(i)),
			Message: fmt.Sprintf("listener %q takes none of the hosts of API %q%s", listener, name, instance(example)),
			Request: p.sent(listener, example),
			Hint:    "add one of them to the hosts of the listener, or do not name it here",
			Related: []diag.Related{{Path: schema.NewPath("listeners", listener), Message: "the listener"}},
		})
	}
}

func (p *pass) unserved(name string, api schema.API) {
	at, hint := schema.NewPath("apis", name), "add a listener without redirect"
	if len(api.Listeners) > 0 {
		at, hint = at.Join("listeners"), "name a listener without redirect"
	}
	example := p.any(name, "")
	p.report(diag.Finding{
		Code: "api-unserved", Severity: diag.Error, Path: at,
		Message: fmt.Sprintf("no listener serves API %q: all that it could have are redirects%s", name, instance(example)),
		Request: p.sent(first(p.Gateway, api), example),
		Hint:    hint,
	})
}

// first returns the name of a listener that could serve api: of one that does, if there is one.
func first(g *schema.Gateway, api schema.API) string {
	names := api.Listeners
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(g.Listeners))
	}
	i := slices.IndexFunc(names, func(name string) bool { l, ok := g.Listeners[name]; return ok && l.Redirect == nil })
	return names[max(i, 0)]
}

// serving returns the names of the listeners that serve api, sorted where the API names none. known is false where it names one
// that does not exist, which is reported elsewhere.
func serving(g *schema.Gateway, api schema.API) (listeners []string, known bool) {
	known = true
	for _, name := range api.Listeners {
		l, ok := g.Listeners[name]
		if !ok {
			known = false
		} else if l.Redirect == nil {
			listeners = append(listeners, name)
		}
	}
	if len(api.Listeners) > 0 {
		return listeners, known
	}
	for name, l := range schema.Sorted(g.Listeners) {
		if l.Redirect == nil {
			listeners = append(listeners, name)
		}
	}
	return listeners, known
}
