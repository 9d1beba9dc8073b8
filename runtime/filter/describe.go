package filter

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
)

// A Describer is a filter that says what it does with a request, in a line for people.
type Describer interface {
	// Describe is called before Request would be, with the exchange as the filter would find it.
	Describe(x *exchange.Exchange) string
}

// A Presumer is a filter whose Request depends on what only a running proxy knows, credentials or counts: who explains a
// request presumes that it goes on.
type Presumer interface {
	// Presume takes the place of Request: it changes x as that does for a request which goes on, as far as is known.
	Presume(x *exchange.Exchange)
}

// Describe implements [Describer].
func (f *responseChange) Describe(*exchange.Exchange) string {
	return "changes the response's header: " + f.text()
}

// Describe implements [Describer].
func (f *requestChange) Describe(*exchange.Exchange) string {
	return "changes the request's header: " + f.text()
}

// text says what is changed, in the order in which it is.
func (c *headerChange) text() string {
	var parts []string
	for _, name := range c.remove {
		parts = append(parts, "removes "+name)
	}
	for _, field := range c.set {
		parts = append(parts, fmt.Sprintf("sets %s: %s", field.Name, field.Value))
	}
	for _, field := range c.add {
		parts = append(parts, fmt.Sprintf("adds %s: %s", field.Name, field.Value))
	}
	return strings.Join(parts, ", ")
}

// Describe implements [Describer].
func (f *crossOrigin) Describe(x *exchange.Exchange) string {
	origin, ok := x.Request.Header.Lookup(headerOrigin)
	_, preflight := Preflight(&x.Request)
	switch {
	case !ok:
		return "does nothing: the request names no Origin"
	case !f.allows(origin) && preflight:
		return fmt.Sprintf("refuses the preflight: origin %s is not allowed", origin)
	case !f.allows(origin):
		return fmt.Sprintf("keeps the answer from pages of %s, which is not allowed", origin)
	case preflight:
		return "answers the preflight: methods " + f.methods
	}
	return fmt.Sprintf("lets pages of %s read the answer", origin)
}

// Describe implements [Describer].
func (f *authentication) Describe(x *exchange.Exchange) string {
	var ways []string
	there := false
	for _, m := range f.schemes {
		way, is := m.describe(x)
		ways = append(ways, way)
		there = there || is
	}
	said := "asks for " + strings.Join(ways, ", or ")
	if !there {
		said += ": 401 without"
	}
	if f.allow == nil {
		return said
	}
	var callers []string
	if len(f.allow.consumers) > 0 {
		callers = append(callers, "consumers "+strings.Join(f.allow.consumers, ", "))
	}
	if len(f.allow.groups) > 0 {
		callers = append(callers, "groups "+strings.Join(f.allow.groups, ", "))
	}
	return said + "; lets only " + strings.Join(callers, " and ") + " pass, others get 403"
}

// Presume implements [Presumer]. Claims are not known, and so are the fields that would tell them.
func (f *authentication) Presume(x *exchange.Exchange) {
	for _, m := range f.schemes {
		if !m.forward {
			m.strip(&x.Request)
		}
	}
	for _, name := range f.claimed {
		x.Request.Header.DelAlike(name)
	}
}

// describe implements scheme.
func (a *apiKey) describe(x *exchange.Exchange) (string, bool) {
	at := "in header " + a.header
	if a.query != "" {
		at += " or query parameter " + a.query
	}
	if _, denied := a.key(&x.Request); denied != nil {
		return "an API key " + at + ", which is " + found(denied), false
	}
	return "an API key " + at + ", which is there and was not compared here", true
}

// describe implements scheme.
func (t *token) describe(x *exchange.Exchange) (string, bool) {
	said := "a token of " + t.rules.issuer
	if len(t.rules.audiences) > 0 {
		said += " for " + strings.Join(t.rules.audiences, " or ")
	}
	for _, r := range t.rules.required {
		want := fmt.Sprint(r.want)
		if text, ok := r.want.(string); ok {
			want = strconv.Quote(text)
		}
		said += " with " + r.name + " " + want
	}
	if _, denied := t.read(&x.Request); denied != nil {
		return said + ", which is " + found(denied), false
	}
	return said + ", which is there and was not verified here", true
}

// found says why a credential cannot be read.
func found(denied *denial) string {
	if denied == missing {
		return "not there"
	}
	return "refused as " + denied.reason
}

// Describe implements [Describer].
func (f *limiter) Describe(*exchange.Exchange) string {
	var windows []string
	for i := range f.windows {
		w := &f.windows[i]
		by := w.by
		if w.header != "" {
			by += " " + w.header
		}
		burst := ""
		if w.rate.Burst != w.rate.Requests {
			burst = fmt.Sprintf(", %d at once", w.rate.Burst)
		}
		windows = append(windows, fmt.Sprintf("%d requests in a %s%s by %s (%s)", w.rate.Requests, nameOf(w.rate.Period), burst, by, w.name))
	}
	return "takes at most " + strings.Join(windows, " and ")
}

// nameOf is the inverse of [periodOf].
func nameOf(period time.Duration) string {
	for _, name := range [...]string{"second", "minute", "hour"} {
		if periodOf(name) == period {
			return name
		}
	}
	return "day"
}

// Presume implements [Presumer].
func (f *limiter) Presume(*exchange.Exchange) {}

// Describe implements [Describer].
func (f *redirector) Describe(x *exchange.Exchange) string {
	return fmt.Sprintf("redirects with %d to %s", f.status, f.location(&x.Request, &x.Text))
}

// Describe implements [Describer].
func (f *responder) Describe(*exchange.Exchange) string { return fmt.Sprintf("answers %d", f.status) }

// Describe implements [Describer].
func (f *rewriter) Describe(x *exchange.Exchange) string {
	var parts []string
	if path := f.path.apply(x.Request.Path, &x.Text); path != x.Request.Path {
		parts = append(parts, fmt.Sprintf("sends path %s", path))
	}
	if f.host != "" {
		parts = append(parts, fmt.Sprintf("sends host %s", f.host))
	}
	if len(parts) == 0 {
		return "leaves the path as it is"
	}
	return strings.Join(parts, " and ")
}
