package filter

import (
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// responder answers with a fixed response.
type responder struct {
	status int
	header exchange.Header
	body   string
}

func (f *responder) Request(x *exchange.Exchange) bool {
	x.Response = exchange.Response{Status: f.status, Length: int64(len(f.body))}
	x.Response.Header = append(x.Response.Header, f.header...)
	if f.body != "" {
		x.Response.Body = strings.NewReader(f.body)
	}
	x.Reason = "respond"
	return true
}

func respond(c *compilation) Filter {
	config := c.Route.Respond
	if config == nil {
		return nil
	}
	at := c.Path("respond")
	f := &responder{status: config.Status, body: config.Body}
	if f.status == 0 {
		f.status = 200
	}
	if f.status < 200 || f.status > 599 {
		c.report(at.Join("status"), "status", "use a status from 200 to 599", "%d cannot be answered with", f.status)
	}
	if f.body != "" && (f.status == 204 || f.status == 205 || f.status == 304) {
		c.report(at.Join("body"), "respond-body", "remove the body, or answer with another status",
			"an answer with status %d has no body", f.status)
	}
	if f.body != "" {
		f.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	for name, value := range schema.Sorted(config.Headers) {
		f.header.Set(c.field(at.Join("headers", name), name, value), value)
	}
	return f
}
