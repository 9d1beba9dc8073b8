// Package source is where a proxy's bundles come from: a file, a web server or an OCI registry.
//
// A source brings bytes and asks nothing about them; whether they are a bundle, and one to be trusted, is
// package bundle's question. It looks at once, then again whenever something changed or an interval has
// passed, and tells of every look: new bytes, nothing new, or why it could not look. A failure never ends
// it. After one it waits longer each time, up to a cap, with jitter so that a fleet of proxies does not
// return as one.
//
//	src, err := source.Open("oci://registry.example.com/gateway:production", source.Options{})
//	err = src.Watch(ctx, func(u source.Update) { ... })
//
// References:
//
//	file:PATH              read when it changes on disk; a directory stands for the bundle in it
//	https://HOST/PATH      polled with ETag and Last-Modified, held with Options.LongPoll
//	https://HOST/PATH#sha256=...  read once, and nothing else than that
//	flux:PATH              a file with Flux's artifact, which says where it is and which digest it has
//	oci://HOST/REPO:TAG    polled for the tag's digest
//	oci://HOST/REPO@sha256:...  pulled once
//
// A plain http:// URL, and a registry without TLS, is for the loopback interface or Options.PlainHTTP only.
package source

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"gwc.dev/schema/bundle"
)

// An Update is what one look at a source gave. With neither Data nor Err the source was read and holds
// nothing new.
type Update struct {
	Data   []byte // a bundle that was not delivered before
	Origin string // where Data is from, exactly: a path, a URL and its entity tag, a reference by digest
	Err    error
	Final  bool // what was read cannot change, and is not looked at again

	// Damaged is told that Data is no whole bundle, before Watch's function returns. What cut it off may not have shown, so it
	// is asked for anew though it has not changed. Nil: there is no need.
	Damaged func()
}

// A Source delivers bundles.
type Source interface {
	// Watch looks until ctx ends, and then returns nil. It calls on after every look, never twice at a time
	// and never once it has returned.
	Watch(ctx context.Context, on func(Update)) error
}

// Options say how a source is polled. The zero Options do for most.
type Options struct {
	PlainHTTP bool           // allow http:// and registries without TLS beyond the loopback interface
	Interval  time.Duration  // between looks; 0: 30s
	Timeout   time.Duration  // of one look; 0: 2m
	MaxSize   int64          // of a bundle; 0: bundle.MaxSize
	Keychain  authn.Keychain // for registries; nil: Docker's configuration and credential helpers
	Registry  Registry       // how one is reached
	CAFile    string         // certificates in PEM that are trusted beside the system's, read as they change; "": none
	LongPoll  time.Duration  // how long a web server is asked to hold a look; 0: not at all

	Transport http.RoundTripper // nil: the default one
	Rand      func() float64    // jitter, from [0, 1); nil: random
}

// Open returns the source of a reference. It does not look yet: an error is a mistake in ref.
func Open(ref string, o Options) (Source, error) {
	if o.Interval <= 0 {
		o.Interval = 30 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.MaxSize <= 0 {
		o.MaxSize = bundle.MaxSize
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	scheme, rest, ok := strings.Cut(ref, ":")
	if !ok {
		return nil, fmt.Errorf("source %q: give file:PATH, https://URL, oci://REFERENCE or flux:FILE", ref)
	}
	switch scheme {
	case "file":
		return openFile(rest, o)
	case "https", "http":
		return openWeb(ref, o)
	case "oci":
		return openRegistry(ref, o)
	case "flux":
		return openFlux(rest, o)
	}
	return nil, fmt.Errorf("source %q: there is no scheme %q: give file:PATH, https://URL, oci://REFERENCE or flux:FILE", ref, scheme)
}

// errTooLarge says that a source holds more than a bundle may have.
func errTooLarge(limit int64) error {
	return fmt.Errorf("it has more than the %d bytes that a bundle may have", limit)
}

// waiter is an error that says when to come back.
type waiter interface {
	error
	Wait() time.Duration
}

func waitOf(err error) time.Duration {
	var w waiter
	if errors.As(err, &w) {
		return w.Wait()
	}
	return 0
}
