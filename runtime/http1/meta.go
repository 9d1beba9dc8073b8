package http1

import (
	"strings"

	"gwc.dev/runtime/exchange"
)

// A Meta is what a head says about its connection and its body's framing, and not about the exchange: the fields
// that each connection has its own of. None of them is in a message's header list; a [Writer] makes them anew.
type Meta struct {
	// Minor is the version: HTTP/1.Minor.
	Minor int
	// Close says that the connection ends after this message.
	Close bool
	// Chunked says that the body comes in chunks, which may have trailer fields after them.
	Chunked bool
	// Expect says that the client waits for 100 Continue before it sends the body.
	Expect bool
	// Upgrade is the protocol, or list of them, that the connection is to change to; it may be empty.
	Upgrade string
	// Trailers says that the client takes trailer fields (TE: trailers).
	Trailers bool
	// Trailer is the list of trailer fields that are announced.
	Trailer string

	length     int64 // of Content-Length; -1: none
	coded      bool  // Transfer-Encoding is there
	otherCode  bool  // a coding beside chunked
	hosts      int
	keepAlive  bool
	upgrading  bool
	nominating bool // Connection names fields
	connection [maxConnectionFields]string
	options    int // how many of connection are set
}

func (m *Meta) reset() { *m = Meta{length: -1} }

// connectionField reads a Connection field (RFC 9110, section 7.6.1).
func (m *Meta) connectionField(value string) error {
	if m.options == len(m.connection) {
		return errFieldCount
	}
	m.connection[m.options] = value
	m.options++
	for rest := value; rest != ""; {
		var option string
		option, rest, _ = strings.Cut(rest, ",")
		option = trim(option)
		switch {
		case option == "": // a list may have empty elements
		case !isToken(option):
			return errConnection
		case exchange.EqualFold(option, "close"):
			m.Close = true
		case exchange.EqualFold(option, "keep-alive"):
			m.keepAlive = true
		case exchange.EqualFold(option, "upgrade"):
			m.upgrading = true
		case exchange.EqualFold(option, "te"):
		default:
			m.nominating = true
		}
	}
	return nil
}

// settle draws the conclusions that need all fields.
func (m *Meta) settle(h *exchange.Header) {
	if m.Minor == 0 && !m.keepAlive {
		m.Close = true
	}
	if !m.upgrading || m.Minor == 0 { // RFC 9110, section 7.8
		m.Upgrade = ""
	}
	if !m.nominating {
		return
	}
	kept := (*h)[:0]
	for _, f := range *h {
		if !m.nominates(f.Name) {
			kept = append(kept, f)
		}
	}
	*h = kept
}

// nominates reports whether Connection says that a field holds for the connection only.
func (m *Meta) nominates(name string) bool {
	for _, list := range m.connection[:m.options] {
		if hasElement(list, name) {
			return true
		}
	}
	return false
}

// hasElement reports whether a comma-separated list holds a token, in any case.
func hasElement(list, token string) bool {
	for list != "" {
		var element string
		element, list, _ = strings.Cut(list, ",")
		if exchange.EqualFold(trim(element), token) {
			return true
		}
	}
	return false
}
