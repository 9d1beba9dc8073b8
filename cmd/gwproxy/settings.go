package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"gwc.dev/cmd/internal/version"
	"gwc.dev/runtime"
	"gwc.dev/runtime/jwks"
	"gwc.dev/runtime/source"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle/oci"
)

const usage = `gwproxy serves the bundles that gwc builds.

Usage: gwproxy --source REF --key FILE|--trust FILE [flags]

Bundles
  --source REF             where bundles come from: file:PATH, https://URL, oci://REPOSITORY:TAG or flux:FILE
  --key FILE               public keys that bundles are verified with (PEM; may be repeated)
  --trust FILE             trust document or public keys, read again when it changes (may be repeated)
  --insecure-skip-verify   take any bundle, signed or not
  --environment NAME       take bundles of this environment only
  --poll-interval TIME     how often a remote source is looked at (default 30s)
  --long-poll TIME         ask a web server to hold a look for so long, until there is something new
  --plain-http             allow a source without TLS that is not on this machine
  --source-ca FILE         authorities that a server or registry may have beside those that the system trusts (PEM)
  --registry-mirror HOST=MIRROR[,MIRROR...]
                           pull from these in place of registry HOST where they have it (may be repeated)
  --registry-cert FILE     a client certificate that the registry asks for, read again when it changes (PEM)
  --registry-key FILE      the key of --registry-cert (PEM)
  --registry-token-file FILE
                           a token that the registry takes, read at each use, such as a service account's
  --state-dir DIR          keep the last good bundles and issuers' keys here, so that a restart serves without either
  --max-staleness TIME     say so when the source has not confirmed for so long what is served
  --unready-when-stale     and be unready meanwhile; it is served all the same

Serving
  --secrets-dir DIR        where secrets are mounted, as DIR/NAME/KEY (default /etc/gwproxy/secrets)
  --jwks-max-age TIME      use an issuer's keys that cannot be fetched again for this long (default 24h)
  --isolate                leave an API out that cannot be built, and serve the others
  --listen NAME=ADDR       serve a listener at HOST:PORT instead of its own port (may be repeated)
  --reveal-route           name the route in answers, as Gwproxy-Route: for tests, not for the public
  --drain-delay TIME       on SIGTERM, go on taking connections for this long, not ready any more (default 0s)
  --drain-timeout TIME     then let requests finish for this long (default 20s)

Watching
  --admin ADDR             address of /healthz, /readyz, /status and /metrics, or "off" (default 127.0.0.1:9901)
  --access-log FILE        access log in JSON lines: a file, "-" for stdout, or "off" (default -)
  --log-level LEVEL        debug, info, warn or error (default info)
  --version                print the version
`

// maxLongPoll bounds how long a look may be held: nothing on the way keeps a silent connection for longer.
const maxLongPoll = 10 * time.Minute

// settings are the command line as it was given.
type settings struct {
	source, sourceCA, environment, secretsDir, stateDir, admin, accessLog      string
	registry                                                                   source.Registry
	trust                                                                      list
	listen                                                                     addresses
	insecure, plainHTTP, isolate, reveal, help, showVersion                    bool
	unreadyWhenStale                                                           bool
	pollInterval, longPoll, maxStaleness, drainDelay, drainTimeout, jwksMaxAge time.Duration
	level                                                                      slog.Level
}

func parse(args []string) (*settings, error) {
	s := &settings{listen: addresses{}, registry: source.Registry{Mirrors: oci.Mirrors{}}}
	flags := flag.NewFlagSet("gwproxy", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.source, "source", "", "")
	flags.Var(&s.trust, "key", "")
	flags.Var(&s.trust, "trust", "")
	flags.BoolVar(&s.insecure, "insecure-skip-verify", false, "")
	flags.StringVar(&s.environment, "environment", "", "")
	flags.DurationVar(&s.pollInterval, "poll-interval", schema.PollInterval, "")
	flags.BoolVar(&s.plainHTTP, "plain-http", false, "")
	flags.StringVar(&s.sourceCA, "source-ca", "", "")
	flags.DurationVar(&s.longPoll, "long-poll", 0, "")
	flags.Var(s.registry.Mirrors, "registry-mirror", "")
	flags.StringVar(&s.registry.CertFile, "registry-cert", "", "")
	flags.StringVar(&s.registry.KeyFile, "registry-key", "", "")
	flags.StringVar(&s.registry.TokenFile, "registry-token-file", "", "")
	flags.StringVar(&s.stateDir, "state-dir", "", "")
	flags.DurationVar(&s.maxStaleness, "max-staleness", 0, "")
	flags.BoolVar(&s.unreadyWhenStale, "unready-when-stale", false, "")
	flags.StringVar(&s.secretsDir, "secrets-dir", "/etc/gwproxy/secrets", "")
	flags.DurationVar(&s.jwksMaxAge, "jwks-max-age", jwks.DefaultMaxAge, "")
	flags.BoolVar(&s.isolate, "isolate", false, "")
	flags.Var(s.listen, "listen", "")
	flags.BoolVar(&s.reveal, "reveal-route", false, "")
	flags.DurationVar(&s.drainDelay, "drain-delay", 0, "")
	flags.DurationVar(&s.drainTimeout, "drain-timeout", 20*time.Second, "")
	flags.StringVar(&s.admin, "admin", "127.0.0.1:9901", "")
	flags.StringVar(&s.accessLog, "access-log", "-", "")
	flags.TextVar(&s.level, "log-level", slog.LevelInfo, "")
	flags.BoolVar(&s.showVersion, "version", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		s.help = true
		return s, nil
	case err != nil:
		return nil, err
	case s.showVersion:
		return s, nil
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.source == "":
		return nil, errors.New("--source is missing: say where bundles come from")
	case len(s.trust) == 0 && !s.insecure:
		return nil, errors.New("--key or --trust is missing: bundles cannot be verified without knowing whom to trust")
	case len(s.trust) > 0 && s.insecure:
		return nil, errors.New("--key or --trust, and --insecure-skip-verify exclude each other")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"poll-interval", s.pollInterval}, {"drain-timeout", s.drainTimeout}, {"drain-delay", s.drainDelay}, {"max-staleness", s.maxStaleness}} {
		if d.value < 0 || d.value == 0 && d.name != "drain-delay" && d.name != "max-staleness" {
			return nil, fmt.Errorf("--%s must be a positive time", d.name)
		}
	}
	switch {
	case s.longPoll != 0 && (s.longPoll < time.Second || s.longPoll > maxLongPoll):
		return nil, fmt.Errorf("--long-poll must be from 1s to %v", maxLongPoll)
	case s.maxStaleness > 0 && s.maxStaleness <= max(s.pollInterval, s.longPoll):
		return nil, fmt.Errorf("--max-staleness must be longer than --poll-interval and --long-poll, %v, or everything would be stale between two looks", max(s.pollInterval, s.longPoll))
	case (s.registry.CertFile == "") != (s.registry.KeyFile == ""):
		return nil, errors.New("--registry-cert and --registry-key go together: a client certificate and its key")
	case s.unreadyWhenStale && s.maxStaleness == 0:
		return nil, errors.New("--unready-when-stale needs --max-staleness")
	case s.jwksMaxAge < jwks.MinMaxAge:
		return nil, fmt.Errorf("--jwks-max-age must be at least %v: keys are fetched again several times in it", jwks.MinMaxAge)
	}
	return s, nil
}

// options opens what the settings name. done closes it again.
func (s *settings) options(stdout, stderr io.Writer) (o runtime.Options, done func(), err error) {
	done = func() {}
	o = runtime.Options{
		Source: s.source, SourceCA: s.sourceCA, PlainHTTP: s.plainHTTP, PollInterval: s.pollInterval, LongPoll: s.longPoll, Registry: s.registry,
		TrustFiles: s.trust, InsecureSkipVerify: s.insecure, Environment: s.environment,
		MaxStaleness: s.maxStaleness, UnreadyWhenStale: s.unreadyWhenStale,
		Isolate: s.isolate, RevealRoute: s.reveal, SecretsDir: s.secretsDir, StateDir: s.stateDir, JWKSMaxAge: s.jwksMaxAge,
		AdminAddr: s.admin, Listen: s.listen,
		DrainDelay: s.drainDelay, DrainTimeout: s.drainTimeout, Version: version.Of(),
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: s.level})),
	}
	if s.admin == "off" {
		o.AdminAddr = ""
	}
	switch s.accessLog {
	case "off", "":
	case "-":
		o.AccessLog = stdout
	default:
		f, err := os.OpenFile(s.accessLog, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
		if err != nil {
			return o, done, fmt.Errorf("opening access log %q: %w", s.accessLog, innermost(err))
		}
		o.AccessLog = f
		done = func() { f.Close() }
	}
	return o, done, nil
}

// innermost leaves out the path that a message names already.
func innermost(err error) error {
	var onPath *fs.PathError
	if errors.As(err, &onPath) {
		return onPath.Err
	}
	return err
}

// A list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements [flag.Value].
func (l *list) Set(v string) error {
	if v == "" {
		return errors.New("empty")
	}
	*l = append(*l, v)
	return nil
}

// addresses is a flag NAME=ADDR that may be repeated.
type addresses map[string]string

func (a addresses) String() string { return "" }

// Set implements [flag.Value].
func (a addresses) Set(v string) error {
	name, address, ok := strings.Cut(v, "=")
	if !ok || name == "" || address == "" {
		return errors.New("must be NAME=HOST:PORT")
	}
	if _, twice := a[name]; twice {
		return fmt.Errorf("listener %q has an address already", name)
	}
	a[name] = address
	return nil
}
