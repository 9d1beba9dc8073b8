package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/compiler"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

func (a *app) explainCommand() *cobra.Command {
	var (
		headers        []string
		client, format string
	)
	cmd := &cobra.Command{
		Use:   "explain ENV METHOD URL",
		Short: "Show which route takes a request, and why the others do not",
		Long: `Show which route takes a request: the others that its host and path fit with the reason why they lost, what each filter of
the route does with it in order, and where it goes. The match table and the filters are the proxy's own; credentials and
counts, which only a running proxy knows, are presumed to let the request pass. The URL's scheme says which listeners it may
come in at. The exit status is 1 if no route takes the request.`,
		Example: `  gwc explain environments/production GET https://api.example.com/echo/x -H 'x-api-version: v2'`,
		Args:    exactly(3, "ENV, METHOD and URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := requestOf(args[1], args[2], headers)
			if err != nil {
				return err
			}
			x := &exchange.Exchange{Context: context.Background(), Request: *r}
			if x.Client, err = netip.ParseAddr(client); err != nil {
				return fmt.Errorf("--client: %q is no IP address", client)
			}
			env, err := compiler.Load(args[0], compiler.Options{})
			if err != nil {
				return err
			}
			if env.Model == nil {
				if err := a.printFindings(a.err, "text", env.Findings); err != nil {
					return err
				}
				return errFindings
			}
			e, err := explain(env, x)
			if err != nil {
				return err
			}
			if err := e.write(a.out, format); err != nil {
				return err
			}
			if !e.taken() {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVarP(&headers, "header", "H", nil, "a header field of the request, as 'name: value' (may be repeated)")
	cmd.Flags().StringVar(&client, "client", "192.0.2.1", "the client's address")
	cmd.Flags().StringVar(&format, "format", "text", "how to print it: text or json")
	return cmd
}

// requestOf returns a request as the proxy would read it.
func requestOf(method, target string, headers []string) (*exchange.Request, error) {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is no URL: %w", target, errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no URL of a gateway: write for instance https://api.example.com/path", target)
	}
	raw := u.EscapedPath()
	if raw == "" {
		raw = "/"
	}
	path, ok := schema.NormalizePath(raw)
	if !ok {
		return nil, fmt.Errorf("the proxy refuses path %q with 400: it could be read in more than one way", raw)
	}
	if method == "" || strings.ContainsAny(method, " \t\r\n\"(),/:;<=>?@[\\]{}") {
		return nil, fmt.Errorf("%q is no method", method)
	}
	r := &exchange.Request{
		Method: method, Scheme: u.Scheme, Host: strings.ToLower(u.Hostname()), Authority: u.Host, Path: path, Query: u.RawQuery,
	}
	for _, line := range headers {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("-H: %q is no header field, as 'x-version: v2' is one", line)
		}
		r.Header.Add(http.CanonicalHeaderKey(name), strings.TrimSpace(value))
	}
	return r, nil
}

// explain follows a request through every listener that it may come in at. Listeners that do the same with it are one.
func explain(env *compiler.Environment, x *exchange.Exchange) (*explanation, error) {
	table, problems := route.Build(env.Model, filter.Deps{})
	if len(problems) > 0 {
		return nil, fmt.Errorf("the proxy refuses this environment: %s (run gwc vet)", problems[0].Message)
	}
	out := &explanation{Method: x.Request.Method, URL: x.Request.Scheme + "://" + x.Request.Authority + x.Request.Path}
	if x.Request.Query != "" {
		out.URL += "?" + x.Request.Query
	}
	for name, l := range schema.Sorted(env.Model.Listeners) {
		if (l.TLS != nil) != (x.Request.Scheme == "https") {
			continue
		}
		if l.Redirect != nil {
			out.add(name, &way{Answer: fmt.Sprintf("the listener redirects every request to listener %s with %d", l.Redirect.Listener, l.Redirect.Status)})
			continue
		}
		out.add(name, follow(env, table, name, x))
	}
	if len(out.Ways) == 0 {
		return nil, fmt.Errorf("no listener speaks %s", x.Request.Scheme)
	}
	return out, nil
}

// follow follows a request at one listener.
func follow(env *compiler.Environment, table *route.Table, listener string, asked *exchange.Exchange) *way {
	copied := *asked
	x := &copied
	x.Request.Header = append(exchange.Header(nil), asked.Request.Header...)
	found := table.Match(listener, &x.Request)
	w := &way{}
	contenders, announced := table.Contenders(listener, &x.Request)
	w.Announced = announced
	for _, c := range contenders {
		if c.Lost != "" {
			w.Others = append(w.Others, other{Route: routeName(c.Route), Position: positionOf(env, c.Route), Lost: c.Lost})
		}
	}
	if found == nil {
		w.Answer = "no route takes the request: 404"
		return w
	}
	w.Route, w.Position = routeName(found), positionOf(env, found)
	if table.Ambiguous(listener, &x.Request, found) {
		w.Answer = "the path can be read as that of another route: 400"
		return w
	}
	for _, f := range found.Chain {
		if d, ok := f.(filter.Describer); ok {
			w.Filters = append(w.Filters, step{Filter: string(filter.Name(f)), Does: d.Describe(x)})
		}
		if _, presumed := f.(filter.Presumer); !presumed && f.Request(x) {
			w.Answer = fmt.Sprintf("the gateway answers %d itself", x.Response.Status)
			return w
		}
	}
	w.goes(env.Model, found, x)
	return w
}

// goes says where a request goes that no filter has answered.
func (w *way) goes(model *schema.Gateway, found *route.Route, x *exchange.Exchange) {
	total := 0
	for _, b := range found.Backends {
		total += b.Weight
	}
	for _, b := range found.Backends {
		share := backend{Upstream: b.Upstream, Percent: 100 * float64(b.Weight) / float64(total)}
		for _, e := range schema.Sorted(model.Upstreams[b.Upstream].Endpoints) {
			share.Endpoints = append(share.Endpoints, fmt.Sprintf("%s:%d", e.Host, e.Port))
		}
		w.Backends = append(w.Backends, share)
	}
	if len(w.Backends) == 0 {
		w.Answer = "the route has no backend in use: 503"
		return
	}
	w.Upstream = &upstreamRequest{Path: x.Request.Path, Host: x.Request.Authority}
	if x.Request.Query != "" {
		w.Upstream.Path += "?" + x.Request.Query
	}
	if found.Route.Timeout > 0 {
		w.Timeout = found.Route.Timeout.String()
	}
	if retry := found.Route.Retry; retry != nil && !retry.Disabled {
		w.Retry = fmt.Sprintf("up to %d more on %s", retry.Attempts, strings.Join(retry.On, ", "))
	}
}

func routeName(r *route.Route) string { return r.API + "/" + r.Name }

func positionOf(env *compiler.Environment, r *route.Route) string {
	return env.Positions.Position(schema.NewPath("apis", r.API, "routes", r.Name)).String()
}
