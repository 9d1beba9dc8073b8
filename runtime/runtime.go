// Package runtime serves bundles: it takes them from a source, verifies them, builds what they say into an
// immutable generation, and swaps that in with one pointer store.
//
// A bundle is used as a whole or not at all. Whatever can go wrong (a signature, an older serial, a regular
// expression, a missing certificate, a port in use) goes wrong before the swap; then the generation in force
// goes on serving and the refusal shows in the log, a metric and the status, with the position in the user's
// source. Requests end on the generation that they began on. The last good bundle is kept on disk too, where
// it is verified again before it is used, so that a restart serves while the source is away.
//
// The package moves bytes and keeps time; what happens to a request is decided by runtime/route,
// runtime/filter and runtime/upstream.
//
//	server, err := runtime.New(runtime.Options{Source: "file:gateway.bundle", Keys: keys})
//	err = server.Run(ctx) // serves until ctx ends, then drains
package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/jwks"
	"gwc.dev/runtime/limit"
	"gwc.dev/runtime/metric"
	"gwc.dev/runtime/secret"
	"gwc.dev/runtime/source"
	"gwc.dev/runtime/state"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema/bundle"
)

// A Server serves the newest good bundle of a source.
type Server struct {
	o       Options
	source  source.Source
	secrets *secret.Store
	metrics *metric.Registry
	limits  *limit.Store
	keys    *jwks.Store
	pool    *upstream.Pool
	log     *accessLog
	sockets *sockets
	buffers http1.Buffers
	visits  sync.Pool // of *visit
	tidy    *time.Timer

	// current is what requests are served by; nil until there is a good bundle.
	current  atomic.Pointer[generation]
	draining atomic.Bool

	apply     sync.Mutex   // held while a generation is made and put in place
	floor     floor        // guarded by apply
	trust     bundle.Trust // guarded by apply
	trustText []byte       // the same as one file; guarded by apply
	status    statusBoard

	state     *state.Dir // guarded by apply; nil: nothing is kept
	freshness freshness
}

// New checks the options and prepares a server. Nothing is opened or read before [Server.Run].
func New(o Options) (*Server, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	s := &Server{
		o:       o,
		source:  o.Bundles,
		secrets: secret.New(secret.Options{Source: secret.Dir(o.SecretsDir), Logger: o.Logger, Now: o.Clock}),
		metrics: metric.New(),
		limits:  limit.New(limit.Options{Now: o.Clock}),
		keys:    jwks.New(jwks.Options{Dir: o.StateDir, MaxAge: o.JWKSMaxAge, Logger: o.Logger, Rand: o.Rand}),
		pool:    upstream.NewPool(upstream.Options{Address: o.Upstream, Rand: o.Rand}),
	}
	if s.source == nil {
		s.source, err = source.Open(o.Source, source.Options{
			PlainHTTP: o.PlainHTTP, Interval: o.PollInterval, LongPoll: o.LongPoll, CAFile: o.SourceCA, Registry: o.Registry,
		})
		if err != nil {
			return nil, err
		}
	}
	s.sockets = newSockets(s)
	s.tidy = time.AfterFunc(math.MaxInt64, debug.FreeOSMemory)
	s.metrics.Secrets(func() []string {
		var names []string
		for _, f := range s.secrets.Faults() {
			names = append(names, f.Name)
		}
		return names
	}, s.secrets.Changes)
	s.metrics.Certificates(func() []metric.Certificate {
		var out []metric.Certificate
		for _, e := range s.secrets.Expiries() {
			out = append(out, metric.Certificate{Kind: e.Kind, Secret: e.Name, End: e.At})
		}
		return out
	})
	s.metrics.KeySets(func() []metric.KeySet {
		var sets []metric.KeySet
		for _, k := range s.keys.Status() {
			sets = append(sets, metric.KeySet{
				URL: k.URL, Keys: k.Keys, Success: k.Success, Successes: k.Successes, Failures: k.Failures,
				Asked: k.Asked, Bounded: k.Bounded, DiskErrors: k.DiskErrors,
			})
		}
		return sets
	})
	s.metrics.Unverified(o.InsecureSkipVerify)
	s.metrics.Freshness(s.fresh)
	if o.StateDir != "" {
		s.state = state.Open(o.StateDir)
	}
	s.status.source.Ref = redacted(o.Source)
	trust, text, err := o.loadTrust()
	if err != nil {
		return nil, err
	}
	s.setTrust(trust, text)
	return s, nil
}

// Run serves until ctx ends and what was under way has finished or run out of time. An error means that the
// server could not begin.
func (s *Server) Run(ctx context.Context) error {
	if s.o.AdminAddr != "" {
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", s.o.AdminAddr)
		if err != nil {
			return fmt.Errorf("listening on admin address %q: %w", s.o.AdminAddr, reasonOf(err))
		}
		s.status.setAdmin(ln.Addr().String())
		admin := &http.Server{
			Handler: s.adminHandler(), ReadHeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
			ErrorLog: slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
		}
		go admin.Serve(ln) //nolint:errcheck // ends with ErrServerClosed
		defer admin.Close()
	}
	if s.o.InsecureSkipVerify {
		s.o.Logger.Warn("bundles are not verified: --insecure-skip-verify is set")
	}
	s.log = newAccessLog(s.o.AccessLog, s.metrics.LogDropped)
	defer s.log.close()
	defer s.tidy.Stop()
	defer s.keys.Close()
	defer s.pool.Close()

	s.restore()
	var background sync.WaitGroup
	background.Go(func() { s.watch(ctx) })
	stirred := make(chan struct{}, 1)
	background.Go(func() {
		s.secrets.Watch(ctx, s.o.SecretsDir, s.o.Recheck, func() {
			select {
			case stirred <- struct{}{}:
			default:
			}
		})
	})
	background.Go(func() { s.recheck(ctx, stirred) })
	<-ctx.Done()
	background.Wait()
	s.drain()
	return nil
}

// redacted returns a source's reference without what may be secret in a URL: user, password and query.
func redacted(ref string) string {
	if u, err := url.Parse(ref); err == nil && u.Host != "" {
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	}
	return ref
}

// watch follows the source until ctx ends.
func (s *Server) watch(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.source.Watch(ctx, s.update)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the source ended")
		}
		s.update(source.Update{Err: err})
		select {
		case <-ctx.Done():
		case <-time.After(s.o.Recheck):
		}
	}
}

// update takes what the source reports.
func (s *Server) update(u source.Update) {
	now := s.o.Clock()
	if u.Err != nil {
		if s.status.sourceFailed(u.Err) {
			s.o.Logger.Warn("reading the bundle source", "source", redacted(s.o.Source), "error", u.Err)
		}
		return
	}
	s.status.sourceRead(now)
	s.metrics.SourceChecked(now)
	s.freshness.looked(now, u.Final)
	if u.Data != nil {
		s.take(u.Data, u.Origin)
		if u.Damaged != nil && s.status.damaged() {
			u.Damaged()
		}
	}
	s.confirm(now)
}

// drain withdraws readiness, stops taking connections and lets requests finish.
func (s *Server) drain() {
	s.draining.Store(true)
	s.o.Logger.Info("draining", "delay", s.o.DrainDelay, "timeout", s.o.DrainTimeout)
	if s.o.DrainDelay > 0 {
		time.Sleep(s.o.DrainDelay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.o.DrainTimeout)
	defer cancel()
	if cut := s.sockets.drain(ctx); cut > 0 {
		s.o.Logger.Warn("connections were cut at the end of the drain timeout", "connections", cut)
	}
	s.o.Logger.Info("drained")
}
