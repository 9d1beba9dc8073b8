package route

import (
	"slices"
	"strings"

	"gwc.dev/schema"
)

// listeners puts the APIs' routes in the listeners that serve them. Listeners that serve the same APIs share
// what they serve.
func (b *builder) listeners() {
	shared := map[string]*hosts[*site]{}
	for name, l := range schema.Sorted(b.gateway.Listeners) {
		at := schema.NewPath("listeners", name)
		b.name(at, name)
		patterns := b.hosts(at, l.Hosts)
		if l.Redirect != nil {
			b.redirect(at.Join("redirect"), name, l.Redirect)
			continue
		}
		served := &listener{}
		if len(l.Hosts) > 0 {
			served.hosts = &hosts[struct{}]{}
			for _, p := range patterns {
				served.hosts.at(p, func() struct{} { return struct{}{} })
			}
		}
		apis := slices.DeleteFunc(slices.Clone(b.apis), func(api compiledAPI) bool {
			return len(api.listeners) > 0 && !slices.Contains(api.listeners, name)
		})
		key := names(apis)
		if shared[key] == nil {
			shared[key] = sitesOf(apis)
		}
		served.sites = shared[key]
		b.table.listeners[name] = served
	}
}

// redirect checks a listener that only redirects. The server answers for it; no route is ever matched there.
func (b *builder) redirect(at schema.Path, name string, r *schema.ListenerRedirect) {
	to, ok := b.gateway.Listeners[r.Listener]
	switch {
	case !ok:
		b.report(at.Join("listener"), "listener-unknown", "name one of the listeners", "there is no listener %q", r.Listener)
	case r.Listener == name || to.Redirect != nil:
		b.report(at.Join("listener"), "redirect-loop", "redirect to a listener that serves", "listener %q redirects itself", r.Listener)
	}
	if r.Status != 301 && r.Status != 302 && r.Status != 307 && r.Status != 308 {
		b.report(at.Join("status"), "status", "use 301, 302, 307 or 308", "status %d is no redirect", r.Status)
	}
}

func names(apis []compiledAPI) string {
	var b strings.Builder
	for _, api := range apis {
		b.WriteString(api.name)
		b.WriteByte('\n')
	}
	return b.String()
}

func sitesOf(apis []compiledAPI) *hosts[*site] {
	sites := &hosts[*site]{}
	var all []*site
	create := func() *site {
		s := newSite()
		all = append(all, s)
		return s
	}
	for _, api := range apis {
		for _, host := range api.hosts {
			s := sites.at(host, create)
			for _, m := range api.matches {
				s.add(m)
			}
		}
	}
	for _, s := range all {
		s.freeze()
	}
	return sites
}
