package behaviour

import (
	"slices"
	"strings"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// toldOf returns what the fields that the gateway writes about clients can be at both listeners: as the model has it that
// trusts fewer proxies. That the other one trusts more is a class of all requests.
func (c *comparison) toldOf() space.Assumption {
	was, is := c.before.gateway, c.after.gateway
	fewer := was
	if len(is.TrustedProxies) == 0 {
		fewer = is
	}
	listeners := []schema.Listener{was.Listeners[c.group.old], is.Listeners[c.group.new]}
	headers := map[string]schema.ValueMatch{}
	for _, g := range []*schema.Gateway{was, is} {
		asked := *g
		asked.TrustedProxies = fewer.TrustedProxies
		for name, v := range routing.ToldAt(&asked, listeners...) {
			headers[name] = v
		}
	}
	out, err := c.space.Assumption(headers)
	if err != nil { // they are ours
		panic(err)
	}
	return out
}

// tell sees to the fields of an example that the gateway writes about clients. The scheme is the listener's anyway, and
// need not be sent; others cannot be, but by a proxy that is trusted.
func (c *Class) tell() {
	if c.Request == nil {
		return
	}
	sent := *c.Request
	sent.Header = nil
	for _, f := range c.Request.Header {
		if f.Name == "x-forwarded-proto" && f.Value == c.Scheme {
			continue
		}
		sent.Header = append(sent.Header, f)
		if routing.Told(f.Name) && !slices.Contains(c.Told, f.Name) {
			c.Told = append(c.Told, f.Name)
		}
	}
	c.Request = &sent
}

// toldText says which fields of the example no client can send.
func (c *Class) toldText() string {
	if len(c.Told) == 0 {
		return ""
	}
	return ", where " + strings.Join(c.Told, ", ") + " is the gateway's word about the client"
}
