package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckListenerRedirects(t *testing.T) {
	run(t, []test{
		{"to a listener that is not there", func(g *schema.Gateway) {
			g.Listeners["plain"] = schema.Listener{Port: 80, Redirect: &schema.ListenerRedirect{Listener: "https"}}
		}, []string{
			`error listener-unknown listeners.plain.redirect.listener: listener "plain" redirects to listener "https", which does not exist`,
			`  help: write "http", or define it: listeners: "https": port: ...`,
		}},
		{"to itself", func(g *schema.Gateway) {
			g.Listeners["plain"] = schema.Listener{Port: 80, Redirect: &schema.ListenerRedirect{Listener: "plain"}}
		}, []string{
			`error listener-redirect listeners.plain.redirect.listener: listener "plain" redirects to listener "plain", which redirects itself`,
			"  help: name a listener that serves APIs",
			"  listeners.plain.redirect: the other redirect",
		}},
		{"to a listener that serves is fine", func(g *schema.Gateway) {
			g.Listeners["plain"] = schema.Listener{Port: 80, Redirect: &schema.ListenerRedirect{Listener: "http"}}
		}, nil},
	})
}
