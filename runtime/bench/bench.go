package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// A bench is a run: its site, and what has been started in it.
type bench struct {
	settings
	site
	proxies map[string]*process // by the contenders' names
	running []*process
}

// Results are what a run has measured: samples by case and contender, and figures that stand for themselves.
type results struct {
	Samples map[string]map[string][]sample
	Figures []figure
}

// A sample is one turn of one contender.
type sample struct {
	Requests int
	CPU      time.Duration // in nanoseconds, of all threads and workers
	Took     time.Duration // in nanoseconds
	Quiet    bool          // nobody else was busy when it began
}

// A figure is compared with a bound of its own, and with no other proxy.
type figure struct {
	What, Value, Bound string
	Met                bool
}

// prepare builds and configures what a run needs.
func (b *bench) prepare(ctx context.Context) error {
	if err := b.choosePorts(); err != nil {
		return err
	}
	if err := b.build(ctx, b.source); err != nil {
		return err
	}
	return b.configure()
}

// measure runs the cases that were asked for.
func (b *bench) measure(ctx context.Context) (*results, error) {
	if err := b.startBackends(); err != nil {
		return nil, err
	}
	if err := b.startProxies(ctx); err != nil {
		return nil, err
	}
	r := &results{Samples: map[string]map[string][]sample{}}
	for _, c := range b.cases() {
		if !slices.Contains(b.only, c.name) {
			continue
		}
		if err := b.measureCase(ctx, &c, r); err != nil {
			return nil, fmt.Errorf("case %s: %w", c.name, err)
		}
	}
	if slices.Contains(b.only, "routes") {
		if err := b.measureRoutes(ctx, r); err != nil {
			return nil, fmt.Errorf("case routes: %w", err)
		}
	}
	if slices.Contains(b.only, "memory") {
		if err := b.measureMemory(ctx, r); err != nil {
			return nil, fmt.Errorf("case memory: %w", err)
		}
	}
	return r, nil
}

func (b *bench) startBackends() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if _, err := b.start(1, "nginx", "-c", b.path("backend.conf")); err != nil {
		return err
	}
	_, err = b.start(1, self, grpcCommand, fmt.Sprintf("127.0.0.1:%d", b.GRPC))
	return err
}

func (b *bench) startProxies(ctx context.Context) error {
	bundle, err := b.compile(ctx, "cases", "cases.cue", 1000)
	if err != nil {
		return err
	}
	b.proxies = map[string]*process{}
	for name, start := range map[string]func() (*process, error){
		"nginx":   func() (*process, error) { return b.start(0, "nginx", "-c", b.path("nginx.conf")) },
		"haproxy": func() (*process, error) { return b.start(0, "haproxy", "-f", b.path("haproxy.cfg")) },
		"caddy": func() (*process, error) {
			return b.start(0, b.path("caddy"), "run", "--config", b.path("Caddyfile"), "--adapter", "caddyfile")
		},
		"gwproxy": func() (*process, error) {
			return b.startGwproxy(bundle, b.Admin, map[string]int{"plain": b.GwproxyPlain, "tls": b.GwproxyTLS})
		},
	} {
		if b.proxies[name], err = start(); err != nil {
			return err
		}
	}
	for name, port := range map[string]int{
		"nginx": b.NginxPlain, "haproxy": b.HAProxyPlain, "caddy": b.CaddyPlain, "gwproxy": b.GwproxyPlain,
	} {
		if err := told(port).await(ctx); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, b.proxies[name].log.String())
		}
	}
	return nil
}

// startGwproxy serves a bundle at the ports given by its listeners' names.
func (b *bench) startGwproxy(bundle string, admin int, listeners map[string]int) (*process, error) {
	args := []string{
		"--source", "file:" + bundle, "--insecure-skip-verify", "--access-log", "off",
		"--secrets-dir", b.path("secrets"), "--admin", fmt.Sprintf("127.0.0.1:%d", admin),
	}
	for name, port := range listeners {
		args = append(args, "--listen", fmt.Sprintf("%s=127.0.0.1:%d", name, port))
	}
	return b.start(0, b.path("gwproxy"), args...)
}

// start runs a command until the bench stops.
func (b *bench) start(core int, command string, args ...string) (*process, error) {
	p, err := start(core, command, args...)
	if err == nil {
		b.running = append(b.running, p)
	}
	return p, err
}

// stop ends everything that was started.
func (b *bench) stop() {
	for _, p := range slices.Backward(b.running) {
		p.stop()
	}
}

// measureCase checks and warms each contender, and then has them take turns.
func (b *bench) measureCase(ctx context.Context, c *benchCase, r *results) error {
	r.Samples[c.name] = map[string][]sample{}
	for _, of := range c.contenders {
		if err := of.load.await(ctx); err != nil {
			return fmt.Errorf("%s: %w\n%s", of.name, err, b.proxies[of.name].log.String())
		}
		if _, err := of.load.run(ctx, 1); err != nil {
			return fmt.Errorf("%s: %w", of.name, err)
		}
	}
	for range b.rounds {
		for _, of := range c.contenders {
			s, err := turn(ctx, b.proxies[of.name], &of.load, b.seconds)
			if err != nil {
				return fmt.Errorf("%s: %w", of.name, err)
			}
			r.Samples[c.name][of.name] = append(r.Samples[c.name][of.name], s)
			fmt.Fprintf(os.Stderr, "%-10s %-8s %8.1f µs CPU a request, %6d requests, %3.0f %% of a core%s\n", c.name, of.name,
				s.cpuPerRequest(), s.Requests, 100*s.share(), map[bool]string{false: ", beside others"}[s.Quiet])
		}
	}
	return nil
}

// turn measures a process while it serves a load.
func turn(ctx context.Context, p *process, l *load, seconds int) (sample, error) {
	quiet, err := awaitQuiet(ctx)
	if err != nil {
		return sample{}, err
	}
	before, err := p.cpu()
	if err != nil {
		return sample{}, err
	}
	o, err := l.run(ctx, seconds)
	if err != nil {
		return sample{}, err
	}
	after, err := p.cpu()
	return sample{o.requests, after - before, o.took, quiet}, err
}
