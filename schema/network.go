package schema

import (
	"errors"
	"net/netip"
)

// ParseNetwork reads an IP address or a CIDR range, as trusted proxies are written, into the range of its addresses.
// Zones are none of it, and neither are ranges of IPv4 in IPv6's form: no client's address would lie in them.
func ParseNetwork(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err == nil && p.Addr().Is4In6():
		return netip.Prefix{}, errors.New("a range of IPv4 addresses in the form of IPv6: write it as 10.0.0.0/8 is written")
	case err == nil:
		return p.Masked(), nil
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return a.Unmap().Prefix(a.Unmap().BitLen())
	}
	return netip.Prefix{}, errors.New("neither an IP address nor a CIDR range")
}
