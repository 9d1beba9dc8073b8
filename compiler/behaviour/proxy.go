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
		p, err := schema.ParseNetwork(text)
		if err != nil {
			return nil, false
		}
		all = append(all, p)
	}
	for merged := true; merged; {
		all, merged = merge(all)
	}
	return all, true
}

// merge returns ranges sorted, without those that lie in another and with neighbours that make up a range as that; true:
// there were such neighbours, which may have made others.
func merge(all []netip.Prefix) (out []netip.Prefix, merged bool) {
	slices.SortFunc(all, netip.Prefix.Compare)
	for _, p := range all {
		if len(out) == 0 {
			out = append(out, p)
			continue
		}
		last := &out[len(out)-1]
		whole := netip.PrefixFrom(last.Addr(), last.Bits()-1).Masked()
		switch {
		case last.Bits() <= p.Bits() && last.Contains(p.Addr()):
		case last.Bits() == p.Bits() && whole.Contains(p.Addr()):
			*last, merged = whole, true
		default:
			out = append(out, p)
		}
	}
	return out, merged
}
