package runtime

import (
	"net/netip"
	"strings"

	"gwc.dev/runtime/exchange"
)

// forwarded finds out who the client is and writes the header fields that tell the backend.
//
// What a client says about itself is believed only of trusted proxies. From anybody else every X-Forwarded-*
// field is removed, and so are Forwarded and X-Real-Ip from everybody: a proxy that maintains one of these
// passes the others through as clients sent them. Spellings with '_', which some backends take for '-', are
// removed as well.
func (v *visit) forwarded() {
	x := &v.x
	h := &x.Request.Header
	peer := peerOf(v.r.RemoteAddr)
	trusted := trusts(v.gen.trusted, peer)

	x.Client = peer
	chain := ""
	if trusted {
		chain = joined(*h, "X-Forwarded-For")
		x.Client = clientOf(v.gen.trusted, peer, chain)
		if proto := only(*h, "X-Forwarded-Proto"); proto == "http" || proto == "https" {
			x.Request.Scheme = proto
		}
	}
	host := x.Request.Authority
	if said := only(*h, "X-Forwarded-Host"); trusted && said != "" {
		host = said
	}
	kept := (*h)[:0]
	for _, f := range *h {
		if !aboutClient(f.Name, trusted) {
			kept = append(kept, f)
		}
	}
	*h = kept
	if chain != "" {
		chain += ", "
	}
	h.Add("X-Forwarded-For", chain+addrText(peer))
	h.Add("X-Forwarded-Proto", x.Request.Scheme)
	if host != "" {
		h.Add("X-Forwarded-Host", host)
	}
	h.Add("X-Request-Id", x.ID)
}

// aboutClient reports whether a field says something about the client that is not to be passed on.
func aboutClient(name string, trusted bool) bool {
	if len(name) < len("Forwarded") {
		return false
	}
	switch name[0] | 0x20 {
	case 'f':
		return exchange.EqualFold(name, "Forwarded")
	case 'x':
	default:
		return false
	}
	plain := strings.ReplaceAll(name, "_", "-")
	switch {
	case exchange.EqualFold(plain, "X-Real-Ip"), exchange.EqualFold(plain, "X-Request-Id"),
		exchange.EqualFold(plain, "X-Forwarded-For"), exchange.EqualFold(plain, "X-Forwarded-Proto"),
		exchange.EqualFold(plain, "X-Forwarded-Host"):
		return true
	}
	const prefix = "X-Forwarded-"
	return len(plain) > len(prefix) && exchange.EqualFold(plain[:len(prefix)], prefix) && (!trusted || plain != name)
}

// clientOf returns the right-most address of an X-Forwarded-For list that is not a trusted proxy's: what
// stands left of it anybody may have written. Where the list ends, or goes on with something that is no
// address, the proxy that wrote it last is as far as one can see.
func clientOf(trusted []netip.Prefix, peer netip.Addr, chain string) netip.Addr {
	client := peer
	for rest := chain; rest != ""; {
		item := rest
		if at := strings.LastIndexByte(rest, ','); at >= 0 {
			item, rest = rest[at+1:], rest[:at]
		} else {
			rest = ""
		}
		addr, ok := addrIn(strings.TrimSpace(item))
		if !ok {
			return client
		}
		client = addr
		if !trusts(trusted, addr) {
			return client
		}
	}
	return client
}

// addrIn reads an address that may have a port.
func addrIn(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func peerOf(remote string) netip.Addr {
	addr, _ := addrIn(remote)
	return addr
}

func trusts(trusted []netip.Prefix, addr netip.Addr) bool {
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// joined returns all values of a field as one list.
func joined(h exchange.Header, name string) string {
	list := ""
	for _, f := range h {
		if f.Value != "" && exchange.EqualFold(f.Name, name) {
			if list != "" {
				list += ", "
			}
			list += f.Value
		}
	}
	return list
}

// only returns the value of a field that is there once.
func only(h exchange.Header, name string) string {
	if h.Count(name) != 1 {
		return ""
	}
	return h.Get(name)
}

func addrText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
