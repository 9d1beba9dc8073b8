package behaviour

import (
	"strings"

	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// listeners adds the classes of all requests: of listeners that come, go or ask something else of connections, and of
// the proxies that are trusted. A listener is known by its port, whatever it is called.
func (r *Report) listeners(old, new *schema.Gateway) {
	names := map[string]string{} // of the old model's listeners in the new one
	byPort := map[int]string{}
	for name, l := range schema.Sorted(new.Listeners) {
		byPort[l.Port] = name
	}
	for name, l := range schema.Sorted(old.Listeners) {
		if now, ok := byPort[l.Port]; ok {
			names[name] = now
		}
	}
	before := &schema.Gateway{TrustedProxies: old.TrustedProxies, Listeners: connections(old, names)}
	after := &schema.Gateway{TrustedProxies: new.TrustedProxies, Listeners: connections(new, nil)}
	for _, change := range diff.Compare(before, after).Changes {
		class := &Class{Severity: change.Class, Reason: change.Reason, Changes: []diff.Change{change}}
		if rest, ok := strings.CutPrefix(string(change.Path), "listeners."); ok {
			name, _, _ := strings.Cut(rest, ".")
			class.Listeners = []string{strings.Trim(name, `"`)}
		} else {
			for name := range schema.Sorted(new.Listeners) {
				class.Listeners = append(class.Listeners, name)
			}
		}
		r.Classes = append(r.Classes, class)
	}
}

// connections returns a model's listeners under other names, without their hosts, which are a matter of routes, and
// with certificates by what they are.
func connections(g *schema.Gateway, names map[string]string) map[string]schema.Listener {
	named := func(name string) string {
		if now, ok := names[name]; ok {
			return now
		}
		return name
	}
	out := map[string]schema.Listener{}
	for name, l := range g.Listeners {
		l.Hosts = nil
		if l.TLS != nil {
			tls := *l.TLS
			tls.Certificates = map[string]schema.Certificate{}
			for _, c := range l.TLS.Certificates {
				tls.Certificates[c.Secret] = c
			}
			l.TLS = &tls
		}
		if l.Redirect != nil {
			to := *l.Redirect
			to.Listener = named(to.Listener)
			l.Redirect = &to
		}
		out[named(name)] = l
	}
	return out
}
