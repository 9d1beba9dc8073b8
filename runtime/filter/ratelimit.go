package filter

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/limit"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

const (
	headerLimit       = "RateLimit"
	headerLimitPolicy = "RateLimit-Policy"
)

// limiter lets a request pass when all its windows do, and tells the client where it stands, with the header
// fields of draft-ietf-httpapi-ratelimit-headers.
type limiter struct {
	store   *limit.Store
	windows []window
	policy  string // of RateLimit-Policy
	refused *tally // by window
}

// A window is one kind of bucket.
type window struct {
	name   string
	key    string // what is counted, without for whom
	rate   limit.Rate
	by     string
	header string
}

func (f *limiter) Request(x *exchange.Exchange) bool {
	var few [4]limit.Ask
	asks := few[:0]
	for i := range f.windows {
		asks = append(asks, limit.Ask{Key: f.windows[i].bucket(x), Rate: f.windows[i].rate})
	}
	ok := f.store.Take(asks)
	x.Owed.Set(headerLimitPolicy, f.policy)
	x.Owed.Set(headerLimit, x.Text.Append(func(b []byte) []byte { return f.state(b, asks) }))
	if ok {
		return false
	}
	longest := -1
	for i := range asks {
		if !asks[i].OK && (longest < 0 || asks[i].Wait > asks[longest].Wait) {
			longest = i
		}
	}
	f.refused.count(f.windows[longest].name)
	x.Fail(429, "rate-limited", "Too many requests.")
	x.Response.Header.Set("Retry-After", x.Text.Int(seconds(asks[longest].Wait)))
	return true
}

func (f *limiter) Response(x *exchange.Exchange) {
	settle(x, headerLimitPolicy)
	settle(x, headerLimit)
}

// bucket returns the key of the bucket that a request takes from. Requests that lack what a window counts by
// are counted by address.
func (w *window) bucket(x *exchange.Exchange) limit.Key {
	k := limit.Key{Window: w.key}
	switch w.by {
	case "route":
		return k
	case "consumer":
		k.Name = x.Caller.Consumer
	case "header":
		k.Name = x.Request.Header.Get(w.header)
	}
	if k.Name == "" {
		k.IP = network(x.Client)
	}
	return k
}

// network returns an IPv4 address, or the /64 of an IPv6 address, of which one client has all.
func network(a netip.Addr) [16]byte {
	a = a.Unmap()
	if a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		a = p.Addr()
	}
	return a.As16()
}

// state appends the RateLimit field: for each window the tokens left, and the seconds until all are back.
func (f *limiter) state(b []byte, asks []limit.Ask) []byte {
	for i := range asks {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '"')
		b = append(b, f.windows[i].name...)
		b = append(b, `";r=`...)
		b = strconv.AppendInt(b, asks[i].Remaining, 10)
		b = append(b, ";t="...)
		b = strconv.AppendInt(b, seconds(asks[i].Full), 10)
	}
	return b
}

// seconds rounds up, so that whoever waits that long has waited long enough.
func seconds(d time.Duration) int64 {
	n := int64(d / time.Second)
	if d%time.Second > 0 {
		n++
	}
	return n
}

func rateLimit(c *compilation) Filter {
	config := c.Route.RateLimit
	if config == nil || config.Disabled || len(config.Windows) == 0 {
		return nil
	}
	f := &limiter{store: c.deps.Limits, refused: c.tally(schema.MetricLimited)}
	var policies []string
	for name, w := range schema.Sorted(config.Windows) {
		compiled := c.window(name, w)
		f.windows = append(f.windows, compiled)
		policies = append(policies, `"`+name+`";q=`+strconv.Itoa(w.Requests)+
			";w="+strconv.FormatInt(seconds(compiled.rate.Period), 10))
	}
	f.policy = strings.Join(policies, ", ")
	return f
}

// window compiles a window. Its key holds its whole definition: one that is as it was keeps its buckets when a
// new table comes, and one that was changed begins with full ones.
func (c *compilation) window(name string, w schema.RateLimitWindow) window {
	at := func(field ...string) schema.Path { return c.Path(append([]string{"rateLimit", name}, field...)...) }
	period := periodOf(w.Per)
	if period == 0 {
		c.report(at("per"), "rate-limit", `use "second", "minute", "hour" or "day"`, "%q is not a period", w.Per)
	}
	if w.Requests < 1 || w.Requests > limit.MaxRequests || w.Burst < 0 || w.Burst > limit.MaxRequests {
		c.report(at(), "rate-limit", "use a number from 1 to 1000000000",
			"%d requests with a burst of %d cannot be counted", w.Requests, w.Burst)
	}
	switch w.By {
	case "ip", "consumer", "route":
	case "header":
		if !header.IsToken(w.Header) {
			c.report(at("header"), "rate-limit-header", "name the header to count by", "%q is not a header name", w.Header)
		}
	default:
		c.report(at("by"), "rate-limit", `use "ip", "consumer", "header" or "route"`, "%q is nothing to count by", w.By)
	}
	if !header.IsToken(name) {
		c.report(at(), "name", "use letters, digits and '-'", "%q cannot be a window's name", name)
	}
	burst := w.Burst
	if burst == 0 {
		burst = w.Requests
	}
	definition := []string{w.Scope}
	switch w.Scope {
	case "gateway":
	case "api":
		definition = append(definition, c.API)
	case "route", "":
		definition = append(definition, c.API, c.Name)
	default:
		c.report(at("scope"), "rate-limit", `use "gateway", "api" or "route"`, "%q is no scope", w.Scope)
	}
	definition = append(definition,
		name, w.Per, strconv.Itoa(w.Requests), strconv.Itoa(burst), w.By, strings.ToLower(w.Header))
	return window{
		name:   name,
		key:    string(schema.NewPath(definition...)),
		rate:   limit.Rate{Requests: int64(w.Requests), Period: period, Burst: int64(burst)},
		by:     w.By,
		header: w.Header,
	}
}

// periodOf returns the length of a period of the model; 0: there is no such one.
func periodOf(per string) time.Duration {
	switch per {
	case "second":
		return time.Second
	case "minute":
		return time.Minute
	case "hour":
		return time.Hour
	case "day":
		return 24 * time.Hour
	}
	return 0
}
