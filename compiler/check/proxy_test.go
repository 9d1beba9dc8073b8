package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckTrustedProxies(t *testing.T) {
	run(t, []test{
		{"addresses and ranges are fine", func(g *schema.Gateway) {
			g.TrustedProxies = []string{"10.0.0.7", "10.0.0.0/8", "fd00::/8", "::1"}
		}, nil},
		{"names, zones and nonsense", func(g *schema.Gateway) {
			g.TrustedProxies = []string{"10.0.0.7", "proxy.example.com", "fe80::1%eth0", "10.0.0.0/33", ""}
		}, []string{
			`error proxy-address trustedProxies.1: trusted proxy "proxy.example.com" is neither an IP address nor a CIDR range`,
			`  help: write an address or a range, for instance "10.0.0.7" or "10.0.0.0/8"; names are not resolved`,
			`error proxy-address trustedProxies.2: trusted proxy "fe80::1%eth0" is neither an IP address nor a CIDR range`,
			`  help: write an address or a range, for instance "10.0.0.7" or "10.0.0.0/8"; names are not resolved`,
			`error proxy-address trustedProxies.3: trusted proxy "10.0.0.0/33" is neither an IP address nor a CIDR range`,
			`  help: write an address or a range, for instance "10.0.0.7" or "10.0.0.0/8"; names are not resolved`,
			`error proxy-address trustedProxies.4: trusted proxy "" is neither an IP address nor a CIDR range`,
			`  help: write an address or a range, for instance "10.0.0.7" or "10.0.0.0/8"; names are not resolved`,
		}},
	})
}
