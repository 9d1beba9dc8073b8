package filter

import (
	"strings"

	"gwc.dev/runtime/exchange"

	"gwc.dev/schema"
)

// A pathChange puts a path in the place of a request's, or of its prefix. The zero pathChange changes nothing.
type pathChange struct {
	full   string
	prefix bool
	cut    int    // length of the matched prefix, without a slash at its end
	put    string // in its place, without a slash at its end
}

// apply returns the changed path, which ends with the exchange that memory is of. Both parts of it are in normal form
// and meet at a slash, so that it is too.
func (p *pathChange) apply(path string, memory *exchange.Text) string {
	switch {
	case p.full != "":
		return p.full
	case !p.prefix || len(path) < p.cut:
		return path
	case p.put == "" && len(path) > p.cut:
		return path[p.cut:]
	case p.put == "":
		return "/"
	}
	return memory.Concat(p.put, path[p.cut:])
}

// pathChange compiles what stands at a place of the model, of which at most one of prefix and full is set.
func (c *compilation) pathChange(prefix, full string, at schema.Path) pathChange {
	normal := func(field, value string) string {
		path, ok := schema.NormalizePath(value)
		if !ok {
			c.report(at.Join(field), "path", "begin it with '/' and percent-encode what cannot stand in a path",
				"%q is not a path", value)
		}
		return path
	}
	switch {
	case prefix != "" && full != "":
		c.report(at, "rewrite-ambiguous", "remove one of them", "prefix and full exclude each other")
	case full != "":
		return pathChange{full: normal("full", full)}
	case prefix != "":
		put := normal("prefix", prefix)
		m := c.Route.Match
		if m == nil || m.Path == nil || m.Path.Prefix == "" {
			c.report(at.Join("prefix"), "prefix-without-match", "match a path prefix, or use full",
				"there is no matched prefix to put %q in the place of", prefix)
			return pathChange{}
		}
		matched, _ := schema.NormalizePath(m.Path.Prefix) // the match table reports it
		return pathChange{prefix: true, cut: len(strings.TrimSuffix(matched, "/")), put: strings.TrimSuffix(put, "/")}
	}
	return pathChange{}
}

// rewriter changes what the backend sees.
type rewriter struct {
	path pathChange
	host string
}

func (f *rewriter) Request(x *exchange.Exchange) bool {
	x.Request.Path = f.path.apply(x.Request.Path, &x.Text)
	if f.host != "" {
		x.Request.Host, x.Request.Authority = f.host, f.host
	}
	return false
}

func rewrite(c *compilation) Filter {
	config := c.Route.Rewrite
	if config == nil {
		return nil
	}
	c.hostName(c.Path("rewrite", "host"), config.Host)
	return &rewriter{c.pathChange(config.Prefix, config.Full, c.Path("rewrite")), strings.ToLower(config.Host)}
}

// hostName checks a host that requests are sent to. "" is none.
func (c *compilation) hostName(at schema.Path, host string) {
	if host != "" && !labels(strings.ToLower(host)) {
		c.report(at, "host", "write one host name, without a wildcard and a port", "%q is not a host name", host)
	}
}
