package filter

import (
	"net/textproto"

	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// field checks the name and the value of a header field that the configuration sets, and returns the name in
// the case that is usual on the wire.
func (c *compilation) field(at schema.Path, name, value string) string {
	switch {
	case !header.IsToken(name):
		c.report(at, "header-name", "use letters, digits and '-'", "%q is not a header name", name)
	case header.IsWire(name):
		c.report(at, "header-forbidden", "remove it; to send another Host, use rewrite.host",
			"header %q belongs to the connection and cannot be changed", name)
	case !header.IsValue(value):
		c.report(at, "header-value", "remove the control characters", "the value of header %q holds control characters", name)
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}
