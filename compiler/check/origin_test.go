package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckOrigins(t *testing.T) {
	run(t, []test{
		{"what browsers send is fine", origins("*", "null", "https://app.example.com", "https://*.example.com", "http://localhost:3000", "https://[::1]:8443", "capacitor://localhost"), nil},
		{"none", origins(), []string{
			"warning cors-empty apis.echo.routes.default.cors: CORS allows no origin, so that no page of another one can read answers",
			`  help: name the pages' origins, for instance origins: ["https://app.example.com"]`,
		}},
		{"a path", origins("https://app.example.com/", "https://app.example.com/x?y"), []string{
			`error cors-origin apis.echo.routes.default.cors.origins.0: origin "https://app.example.com/" is not what a browser sends`,
			`  help: an origin ends with its host or port: write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`,
			`error cors-origin apis.echo.routes.default.cors.origins.1: origin "https://app.example.com/x?y" is not what a browser sends`,
			`  help: an origin ends with its host or port: write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`,
		}},
		{"a port that browsers leave out", origins("https://app.example.com:443", "http://[::1]:80"), []string{
			`error cors-origin apis.echo.routes.default.cors.origins.0: origin "https://app.example.com:443" is not what a browser sends`,
			`  help: browsers leave the scheme's own port out: write "https://app.example.com"`,
			`error cors-origin apis.echo.routes.default.cors.origins.1: origin "http://[::1]:80" is not what a browser sends`,
			`  help: browsers leave the scheme's own port out: write "http://[::1]"`,
		}},
		{"upper case", origins("https://App.example.com"), []string{
			`error cors-origin apis.echo.routes.default.cors.origins.0: origin "https://App.example.com" is not what a browser sends`,
			`  help: write it in lower case: "https://app.example.com"`,
		}},
		{"no scheme, no host, a wildcard in the middle, a port that is none", origins("app.example.com", "https://", "https://a.*.com", "https://a:0", "https://a:65536", "https://a:"), []string{
			`error cors-origin apis.echo.routes.default.cors.origins.0: origin "app.example.com" is not what a browser sends`,
			`  help: write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`,
			`error cors-origin apis.echo.routes.default.cors.origins.1: origin "https://" is not what a browser sends`,
			`  help: write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`,
			`error cors-origin apis.echo.routes.default.cors.origins.2: origin "https://a.*.com" is not what a browser sends`,
			`  help: write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`,
			`error cors-origin apis.echo.routes.default.cors.origins.3: origin "https://a:0" is not what a browser sends`,
			"  help: write a port from 1 to 65535, or none",
			`error cors-origin apis.echo.routes.default.cors.origins.4: origin "https://a:65536" is not what a browser sends`,
			"  help: write a port from 1 to 65535, or none",
			`error cors-origin apis.echo.routes.default.cors.origins.5: origin "https://a:" is not what a browser sends`,
			`  help: write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`,
		}},
	})
}

func origins(origins ...string) func(*schema.Gateway) {
	return only(func(r *schema.Route) { r.CORS = &schema.CORS{Origins: origins} })
}
