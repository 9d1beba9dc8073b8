package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckListeners(t *testing.T) {
	run(t, []test{
		{"TLS without a certificate", func(g *schema.Gateway) {
			g.Listeners["https"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{}}
		}, []string{
			`error certificate-missing listeners.https.tls: listener "https" speaks TLS without a certificate`,
			`  help: name the Secret that holds one: tls: certificates: default: secret: "gateway-tls"`,
		}},
		{"TLS with a certificate is fine", func(g *schema.Gateway) {
			g.Listeners["https"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{
				Certificates: map[string]schema.Certificate{"default": {Secret: "tls"}},
			}}
		}, nil},
		{"an API names a listener that is nearly there", api(func(a *schema.API) { a.Listeners = []string{"http", "htpp"} }), []string{
			`error listener-unknown apis.echo.listeners.1: API "echo" names listener "htpp", which does not exist`,
			`  help: write "http", or define it: listeners: "htpp": port: ...`,
		}},
		{"an API names a listener that is not there", api(func(a *schema.API) { a.Listeners = []string{"internal"} }), []string{
			`error listener-unknown apis.echo.listeners.0: API "echo" names listener "internal", which does not exist`,
			`  help: define it: listeners: "internal": port: ...`,
		}},
	})
}
