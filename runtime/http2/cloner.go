package http2

import (
	"net/http"
	"strings"

	"gwc.dev/runtime/exchange"
)

// A cloner copies strings into one piece of memory. Whatever net/http is given is copied: an exchange's strings end
// with it, and net/http keeps fields in the tables of a connection's header compression (RFC 7541, section 2.3.2), and
// may go on encoding a header after the call that it is for.
type cloner struct{ b strings.Builder }

// newCloner returns a cloner with room for fields and n bytes beside.
func newCloner(n int, fields exchange.Header) *cloner {
	for _, f := range fields {
		n += len(f.Name) + len(f.Value)
	}
	c := &cloner{}
	c.b.Grow(n)
	return c
}

func (c *cloner) clone(s string) string {
	start := c.b.Len()
	c.b.WriteString(s)
	return c.b.String()[start:]
}

// addFields adds the end-to-end fields to a header.
func (c *cloner) addFields(h http.Header, fields exchange.Header) {
	values := make([]string, len(fields))
	for i, f := range fields {
		name := http.CanonicalHeaderKey(c.clone(f.Name))
		if framing(name) {
			continue
		}
		value := c.clone(f.Value)
		if had := h[name]; had != nil {
			h[name] = append(had, value)
			continue
		}
		values[i] = value
		h[name] = values[i : i+1 : i+1]
	}
}
