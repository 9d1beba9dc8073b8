package behaviour

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// listeners adds the classes of all requests: of listeners that come, go or ask something else of connections, and of
// the proxies that are trusted. A listener is known by its port, whatever it is called.
func (r *Report) listeners(old, new *schema.Gateway) {
	names := nowCalled(old, new)
	before := &schema.Gateway{TrustedProxies: old.TrustedProxies, Listeners: connections(old, names)}
	after := &schema.Gateway{TrustedProxies: new.TrustedProxies, Listeners: connections(new, nil)}
	if sameProxies(old, new) {
		before.TrustedProxies, after.TrustedProxies = nil, nil
	}
	for name, was := range before.Listeners {
		if is, ok := after.Listeners[name]; ok {
			shareCertificates(was.TLS, is.TLS, old.Listeners[calledBefore(names, name)].TLS, new.Listeners[name].TLS)
		}
	}
	for _, change := range diff.Compare(before, after).Changes {
		class := &Class{Severity: change.Class, Reason: change.Reason, Changes: []diff.Change{change}}
		if rest, ok := strings.CutPrefix(string(change.Path), "listeners."); ok {
			name, below, _ := strings.Cut(rest, ".")
			class.Listeners = []string{strings.Trim(name, `"`)}
			if below == "" && change.Kind == diff.Added && change.Class == diff.Safe && opens(new, class.Listeners[0]) {
				class.Severity, class.Reason = diff.Risky, "new listener, with routes that are open to the public"
				class.Changes[0].Class, class.Changes[0].Reason = class.Severity, class.Reason
			}
		} else {
			class.Listeners = slices.Sorted(maps.Keys(after.Listeners))
		}
		if len(class.Listeners) > 0 { // without any, there are no requests
			r.Classes = append(r.Classes, class)
		}
	}
}

// opens reports whether a listener serves a route that anybody may call.
func opens(g *schema.Gateway, listener string) bool {
	for _, api := range g.APIs {
		if len(api.Listeners) > 0 && !slices.Contains(api.Listeners, listener) {
			continue
		}
		for _, r := range api.Routes {
			if g.Listeners[listener].Redirect == nil && public(&r) {
				return true
			}
		}
	}
	return false
}

// nowCalled returns what the old model's listeners are to be compared with: the one at the same port, or else the one of
// the same name, if that was at no port before.
func nowCalled(old, new *schema.Gateway) map[string]string {
	at, was := map[int]string{}, map[int]bool{}
	for name, l := range new.Listeners {
		at[l.Port] = name
	}
	for _, l := range old.Listeners {
		was[l.Port] = true
	}
	names := map[string]string{}
	for name, l := range old.Listeners {
		now, ok := at[l.Port]
		if !ok {
			now = name
			if same, taken := new.Listeners[name]; taken && was[same.Port] {
				now = fmt.Sprintf("%s at port %d", name, l.Port)
			}
		}
		names[name] = now
	}
	return names
}

// calledBefore returns the old name of a listener.
func calledBefore(names map[string]string, now string) string {
	for name, called := range names {
		if called == now {
			return name
		}
	}
	return now
}

// connections returns a model's listeners under other names, without their hosts, which are a matter of routes, with
// certificates by what they are, and with where they redirect to.
func connections(g *schema.Gateway, names map[string]string) map[string]schema.Listener {
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
			own := 80
			to.Listener = "http" // all that counts of the other listener
			if g.Listeners[l.Redirect.Listener].TLS != nil {
				to.Listener, own = "https", 443
			}
			if to.Port == own {
				to.Port = 0
			}
			l.Redirect = &to
		}
		if now, ok := names[name]; ok {
			name = now
		}
		out[name] = l
	}
	return out
}

// shareCertificates has two listeners show which certificate clients get whose server name none covers, where that differs:
// the one named "default", or else the first.
func shareCertificates(was, is, old, new *schema.ListenerTLS) {
	if was == nil || is == nil {
		return
	}
	before, after := fallback(old), fallback(new)
	if before == after {
		return
	}
	if len(was.Certificates) == 1 && len(is.Certificates) == 1 {
		clear(was.Certificates)
		clear(is.Certificates)
	}
	name := "default"
	if _, taken := was.Certificates[name]; taken { // by a secret's own name
		name = "fallback"
	}
	was.Certificates[name], is.Certificates[name] = before, after
}

func fallback(tls *schema.ListenerTLS) schema.Certificate {
	if c, ok := tls.Certificates["default"]; ok {
		return c
	}
	for _, c := range schema.Sorted(tls.Certificates) {
		return c
	}
	return schema.Certificate{}
}
