package schema

import (
	"time"
)

// Defaults are filled in by [Gateway.Resolve] and not by CUE: a default in the definitions would clash with the
// default that a shared file gives the same field (CUE cannot choose between *1 and *90). The definitions state
// each one in an attribute, @gwc(default=...), and a test holds the two together.

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func orList(v *[]string, d ...string) {
	if len(*v) == 0 {
		*v = d
	}
}

// UnmarshalJSON gives a backend without a weight the weight 1; one with weight 0 is out of use.
func (b *Backend) UnmarshalJSON(data []byte) error {
	type plain Backend
	out := plain{Weight: 1}
	if err := UnmarshalStrict(data, &out); err != nil {
		return err
	}
	*b = Backend(out)
	return nil
}

// UnmarshalJSON gives an endpoint without a weight the weight 1; one with weight 0 is out of use.
func (e *Endpoint) UnmarshalJSON(data []byte) error {
	type plain Endpoint
	out := plain{Weight: 1}
	if err := UnmarshalStrict(data, &out); err != nil {
		return err
	}
	*e = Endpoint(out)
	return nil
}

func (l Listener) filled() Listener {
	if l.Redirect != nil {
		redirect := *l.Redirect
		orDefault(&redirect.Status, 308)
		l.Redirect = &redirect
	}
	if l.TLS != nil {
		tls := *l.TLS
		orDefault(&tls.MinVersion, "1.2")
		l.TLS = &tls
	}
	if l.Limits != nil {
		limits := l.Limits.Filled()
		l.Limits = &limits
	}
	return l
}

// Filled returns the limits with their defaults; nil has nothing but these.
func (l *ListenerLimits) Filled() ListenerLimits {
	out := ListenerLimits{}
	if l != nil {
		out = *l
	}
	orDefault(&out.HeaderBytes, 64<<10)
	orDefault(&out.HeaderFields, 100)
	orDefault(&out.URIBytes, 8<<10)
	orDefault(&out.Connections, 20_000)
	orDefault(&out.Streams, 128)
	orDefault(&out.HeaderTimeout, Duration(15*time.Second))
	orDefault(&out.BodyTimeout, Duration(time.Minute))
	orDefault(&out.IdleTimeout, Duration(2*time.Minute))
	return out
}

func (u Upstream) filled() Upstream {
	orDefault(&u.ConnectTimeout, Duration(5*time.Second))
	orDefault(&u.Protocol, "auto")
	return u
}

func (s *SLO) filled() *SLO {
	if s == nil || s.Latency == nil {
		return s
	}
	out, latency := *s, *s.Latency
	orDefault(&latency.Quantile, 0.95)
	out.Latency = &latency
	return &out
}

func (r Route) filled() Route {
	r.Match = r.Match.filled()
	if r.Redirect != nil {
		redirect := *r.Redirect
		orDefault(&redirect.Status, 302)
		r.Redirect = &redirect
	}
	if r.Respond != nil {
		respond := *r.Respond
		orDefault(&respond.Status, 200)
		r.Respond = &respond
	}
	return r
}

func (m *Match) filled() *Match {
	if m != nil && m.Path != nil {
		return m
	}
	out := Match{}
	if m != nil {
		out = *m
	}
	out.Path = &PathMatch{Prefix: "/"}
	return &out
}

// filled returns f with the defaults of its filters. What lacks some is copied.
func (f Filters) filled() Filters {
	f.Auth = f.Auth.filled()
	f.RateLimit = f.RateLimit.with(func(w *RateLimitWindow) {
		orDefault(&w.By, "ip")
		orDefault(&w.Burst, w.Requests)
	})
	if f.Retry != nil {
		retry := *f.Retry
		orDefault(&retry.Attempts, 1)
		orList(&retry.On, "connect-failure")
		orList(&retry.Methods, "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
		orDefault(&retry.Backoff, Duration(25*time.Millisecond))
		f.Retry = &retry
	}
	return f
}

func (a *Auth) filled() *Auth {
	if a == nil {
		return nil
	}
	out := *a
	if a.APIKey != nil {
		key := *a.APIKey
		orDefault(&key.Header, "apikey")
		out.APIKey = &key
	}
	if a.JWT != nil {
		jwt := *a.JWT
		orList(&jwt.Algorithms, "RS256", "ES256", "EdDSA")
		orDefault(&jwt.Header, "Authorization")
		orDefault(&jwt.ConsumerClaim, "sub")
		if jwt.ClockSkew == nil { // none at all is a choice too
			skew := Duration(30 * time.Second)
			jwt.ClockSkew = &skew
		}
		out.JWT = &jwt
	}
	return &out
}

// filled returns settings for every target, whether the environment has any or not.
func (t *Targets) filled() *Targets {
	var out Targets
	if t != nil {
		out = *t
	}
	kube := orNew(out.Kube)
	orDefault(&kube.Namespace, "gateway")
	orDefault(&kube.Name, "gwproxy")
	orDefault(&kube.Image, "ghcr.io/gwc-dev/gwproxy:latest")
	orDefault(&kube.Replicas.Min, 2)
	orDefault(&kube.Replicas.Max, max(10, kube.Replicas.Min))
	orDefault(&kube.TargetCPU, 70)
	orDefault(&kube.Resources.Requests.CPU, "100m")
	orDefault(&kube.Resources.Requests.Memory, "64Mi")
	orDefault(&kube.Resources.Limits.Memory, "256Mi")
	orDefault(&kube.Service.Type, "ClusterIP")
	orDefault(&kube.AdminPort, 9901)
	prometheus := orNew(out.Prometheus)
	orDefault(&prometheus.Namespace, "monitoring")
	orDefault(&prometheus.Interval, Duration(15*time.Second))
	orDefault(&prometheus.StaleAfter, Duration(10*time.Minute))
	flux := orNew(out.Flux)
	orDefault(&flux.Namespace, "flux-system")
	orDefault(&flux.Interval, Duration(time.Minute))
	orDefault(&flux.VerifySecret, "gwc-cosign-pub")
	return &Targets{Kube: kube, Prometheus: prometheus, Flux: flux}
}

// orNew returns a copy of what v points to, or a new T.
func orNew[T any](v *T) *T {
	var out T
	if v != nil {
		out = *v
	}
	return &out
}
