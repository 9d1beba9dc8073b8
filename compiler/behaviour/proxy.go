package behaviour

import (
	"net/netip"
	"slices"

	"gwc.dev/schema"
)

// sameProxies reports whether two models believe the same addresses, however they are written: as addresses or as ranges,
// with bits behind a range's length, and in one range or in several.
func sameProxies(old, new *schema.Gateway) bool {
	was, known := proxies(old.TrustedProxies)
	is, alsoKnown := proxies(new.TrustedProxies)
	return known && alsoKnown && slices.Equal(was, is)
}

// proxies returns the addresses of a list as the fewest ranges, sorted; false: it names something else.
func proxies(list []string) ([]netip.Prefix, bool) {
	var all []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return nil, false
			}
			addr = addr.Unmap().WithZone("")
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, p.Masked())
	}
	for {
		slices.SortFunc(all, netip.Prefix.Compare)
		out := all[:0]
		merged := false
		for _, p := range all {
			if len(out) > 0 {
				last := out[len(out)-1]
				if last.Bits() <= p.Bits() && last.Contains(p.Addr()) {
					continue
				}
				if whole := netip.PrefixFrom(last.Addr(), last.Bits()-1).Masked(); last.Bits() == p.Bits() && last.Bits() > 0 && whole.Contains(p.Addr()) {
					out[len(out)-1], merged = whole, true
					continue
				}
			}
			out = append(out, p)
		}
		if all = out; !merged {
			return all, true
		}
	}
}
