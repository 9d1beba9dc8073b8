// Package upstream sends exchanges to backends: it picks an upstream and an endpoint by weight, keeps
// connections of the version of HTTP that both sides want, tries again as the route allows, and names the reason
// when there is no answer.
//
// A [Pool] outlives tables: what a table's [Set] needs it takes from the pool, so that a new table with the
// same upstreams goes on with the same connections. Everything that can fail (a CA that cannot be read) fails
// in [Pool.Build]; a Set is immutable. A CA that changes later holds for the connections that are opened then.
//
//	set, problems := pool.Build(gateway, secrets)
//	route := set.Route(backends, retry, observer)
//	pool.Use(set)                       // connections of what is gone end with their calls
//	var answer upstream.Answer
//	failure := route.Do(x, &upstream.Request{Client: conn}, &answer)
//	defer answer.Close()
package upstream

import (
	"crypto/x509"
	"net"
	"strconv"
	"strings"
	"sync"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/secret"
	"gwc.dev/schema"
)

// Options are a pool's settings.
type Options struct {
	// Address returns the host:port to use in place of an endpoint's own; "" keeps it. Nil: all are kept.
	Address func(upstream, endpoint string) string
	// Rand is the source of jitter and of the place at which balancing starts. Nil: the places are the first
	// ones and there is no jitter.
	Rand func() uint64
}

// A Pool keeps connections to endpoints across tables.
type Pool struct {
	options Options
	buffers http1.Buffers

	mu        sync.Mutex
	endpoints map[transportSpec]*endpoint // of the set in use
}

// NewPool returns an empty pool.
func NewPool(o Options) *Pool {
	if o.Rand == nil {
		o.Rand = func() uint64 { return 0 }
	}
	return &Pool{options: o}
}

// A Set is the upstreams of one table.
type Set struct {
	rand      func() uint64
	upstreams map[string]*upstream
	endpoints map[transportSpec]*endpoint
}

// An upstream is a group of endpoints.
type upstream struct {
	name      string
	endpoints []*endpoint
	balance   *balancer
}

// Build returns the upstreams of a model, with all problems that they have. The set is used once [Pool.Use]
// was called with it.
func (p *Pool) Build(g *schema.Gateway, secrets *secret.Set) (*Set, []schema.Problem) {
	var problems []schema.Problem
	s := &Set{
		rand:      p.options.Rand,
		upstreams: make(map[string]*upstream, len(g.Upstreams)),
		endpoints: map[transportSpec]*endpoint{},
	}
	for name, def := range schema.Sorted(g.Upstreams) {
		spec := transportSpec{upstream: name, protocol: def.Protocol, connectTimeout: def.ConnectTimeout.Std()}
		var roots *secret.Value[x509.CertPool]
		if def.TLS != nil {
			spec.tls, spec.serverName = true, def.TLS.ServerName
			if def.TLS.CA != "" {
				var problem *schema.Problem
				spec.ca = def.TLS.CA
				if roots, problem = authority(name, def.TLS.CA, secrets); problem != nil {
					problems = append(problems, *problem)
					continue
				}
			}
		}
		up := &upstream{name: name}
		var weights []int
		for endpointName, e := range schema.Sorted(def.Endpoints) {
			spec.address = net.JoinHostPort(strings.Trim(e.Host, "[]"), strconv.Itoa(e.Port))
			if def.TLS != nil && def.TLS.ServerName == "" {
				spec.serverName = strings.Trim(e.Host, "[]") // whatever address stands in for it
			}
			if p.options.Address != nil {
				if address := p.options.Address(name, endpointName); address != "" {
					spec.address = address
				}
			}
			up.endpoints = append(up.endpoints, p.endpoint(s, spec, roots))
			weights = append(weights, e.Weight)
		}
		up.balance = newBalancer(weights, p.options.Rand())
		s.upstreams[name] = up
	}
	return s, problems
}

// authority returns the certificates that an upstream is verified with.
func authority(upstream, ref string, secrets *secret.Set) (*secret.Value[x509.CertPool], *schema.Problem) {
	if secrets == nil {
		return nil, nil
	}
	roots, err := secrets.Authority(ref)
	if err != nil {
		return nil, &schema.Problem{
			Path: schema.NewPath("upstreams", upstream, "tls", "ca"), Code: "upstream-ca", Message: err.Error(),
			Hint: "mount the secret; it must hold certificates in PEM",
		}
	}
	return roots, nil
}

// endpoint returns the endpoint of spec: of s itself, else the one in use, else a new one.
func (p *Pool) endpoint(s *Set, spec transportSpec, roots *secret.Value[x509.CertPool]) *endpoint {
	e := s.endpoints[spec]
	if e == nil {
		p.mu.Lock()
		e = p.endpoints[spec]
		p.mu.Unlock()
	}
	if e == nil {
		e = newEndpoint(spec, roots, &p.buffers)
	}
	s.endpoints[spec] = e
	return e
}

// Use makes s the set in use. Connections to endpoints that it does not have are closed, those of calls
// that are under way when these end.
func (p *Pool) Use(s *Set) {
	p.mu.Lock()
	old := p.endpoints
	p.endpoints = s.endpoints
	p.mu.Unlock()
	for spec, e := range old {
		if s.endpoints[spec] != e {
			e.close()
		}
	}
}

// Close closes all connections, as [Pool.Use] of nothing does.
func (p *Pool) Close() { p.Use(&Set{}) }

// next returns the endpoint whose turn it is, and another one than tried where there is one.
func (u *upstream) next(tried *endpoint) *endpoint {
	i := u.balance.pick()
	for n := 0; n < len(u.endpoints) && i >= 0 && u.endpoints[i] == tried; n++ {
		i = u.balance.pick()
	}
	if i < 0 {
		return nil
	}
	return u.endpoints[i]
}
