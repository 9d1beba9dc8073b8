package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// A feed is a source that tests speak through.
type feed chan source.Update

func (f feed) Watch(ctx context.Context, on func(source.Update)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case u := <-f:
			on(u)
		}
	}
}

// A proxy is a server under test.
type proxy struct {
	t      testing.TB
	server *runtime.Server
	key    *key.Private
	feed   feed
	serial uint64
	stop   context.CancelFunc
	done   chan error
	access *lines
	log    *lines
}

// lines is a log that a test reads while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newKey(t testing.TB) *key.Private {
	t.Helper()
	k, err := key.Generate(key.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// start runs a server whose listeners have ports of their own choice.
func start(t testing.TB, change ...func(*runtime.Options)) *proxy {
	t.Helper()
	p := &proxy{t: t, key: newKey(t), feed: make(feed), done: make(chan error, 1), access: &lines{}, log: &lines{}}
	o := runtime.Options{
		Bundles: p.feed, Keys: []bundle.PublicKey{p.key.Public()}, AdminAddr: "127.0.0.1:0",
		Listen:    map[string]string{"http": "127.0.0.1:0", "https": "127.0.0.1:0", "other": "127.0.0.1:0"},
		AccessLog: p.access, Logger: slog.New(slog.NewTextHandler(p.log, nil)), Version: "test",
		DrainTimeout: 5 * time.Second, Recheck: 20 * time.Millisecond,
	}
	for _, c := range change {
		c(&o)
	}
	server, err := runtime.New(o)
	if err != nil {
		t.Fatal(err)
	}
	p.server = server
	var ctx context.Context
	ctx, p.stop = context.WithCancel(context.Background())
	go func() { p.done <- server.Run(ctx) }()
	t.Cleanup(func() {
		p.halt()
		if t.Failed() {
			t.Log(p.log.String())
		}
	})
	if o.AdminAddr != "" {
		p.until("the admin port is open", func() bool { return server.AdminAddr() != "" })
	}
	return p
}

// halt ends the server and waits for it.
func (p *proxy) halt() {
	p.t.Helper()
	p.stop()
	select {
	case err, ok := <-p.done:
		if ok && err != nil {
			p.t.Errorf("the server ended: %v", err)
		}
		if ok {
			close(p.done)
		}
	case <-time.After(time.Minute):
		p.t.Error("the server does not end")
	}
}

func (p *proxy) until(what string, holds func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	p.t.Fatalf("never: %s\nstatus %+v\nlog:\n%s", what, p.server.Status(), p.log.String())
}

// seal returns the bundle of a model, with the next serial.
func (p *proxy) seal(g *schema.Gateway) []byte {
	p.t.Helper()
	p.serial++
	return sealed(p.t, g, p.serial, p.key)
}

func sealed(t testing.TB, g *schema.Gateway, serial uint64, k *key.Private) []byte {
	t.Helper()
	data, err := bundle.Seal(bundle.Contents{
		Environment: g.Environment, Serial: serial, GitRevision: "abc", Gateway: g.Resolve(),
		Positions: map[string]string{"apis.echo.routes.default": "gateway.cue:7:3", "listeners.http.port": "gateway.cue:3:9"},
	}, k)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// publish offers bundles and waits until the last is served.
func (p *proxy) publish(g *schema.Gateway) {
	p.t.Helper()
	p.feed <- source.Update{Data: p.seal(g), Origin: "test"}
	serial := p.serial
	p.until("the bundle is served", func() bool {
		s := p.server.Status()
		return s.Active != nil && s.Active.Serial == serial && s.Refused == nil
	})
}

// refused offers a bundle and returns why it is not served.
func (p *proxy) refused(data []byte) *runtime.Refused {
	p.t.Helper()
	var out *runtime.Refused
	p.feed <- source.Update{Data: data, Origin: "test"}
	p.until("the bundle is refused", func() bool {
		out = p.server.Status().Refused
		return out != nil
	})
	return out
}

// address returns where a listener can be reached.
func (p *proxy) address(name string) string {
	for _, l := range p.server.Status().Listeners {
		if l.Name == name {
			return l.Address
		}
	}
	p.t.Fatalf("there is no listener %q", name)
	return ""
}

func (p *proxy) url() string { return "http://" + p.address("http") }

// An answer is what a client saw.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// client keeps connections to itself.
func client(t testing.TB) *http.Client {
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// do sends a request: a method, a path, and header fields as "Name: value".
func (p *proxy) do(method, path string, fields ...string) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url()+path, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	return send(p.t, client(p.t), r, fields...)
}

func send(t testing.TB, c *http.Client, r *http.Request, fields ...string) answer {
	t.Helper()
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Add(name, value)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// get fetches a path of the admin port.
func (p *proxy) get(path string) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+p.server.AdminAddr()+path, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	return send(p.t, client(p.t), r)
}

// echo is a backend that answers with what it was asked.
func echo(t testing.TB, name string) *httptest.Server {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Server", name)
		_ = json.NewEncoder(w).Encode(echoed{name, r.Method, r.RequestURI, r.Host, r.Header, string(body)})
	})
}

type echoed struct {
	Name, Method, Target, Host string
	Header                     http.Header
	Body                       string
}

func (a answer) echoed(t testing.TB) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(a.Body), &e); err != nil {
		t.Fatalf("status %d, body %q: %v", a.Status, a.Body, err)
	}
	return e
}

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func at(t testing.TB, url string) schema.Upstream {
	t.Helper()
	address, err := netip.ParseAddrPort(strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Upstream{Endpoints: map[string]schema.Endpoint{
		"main": {Host: address.Addr().String(), Port: int(address.Port()), Weight: 1},
	}}
}

// gateway is a model with one API "echo" whose route "default" takes every path to url.
func gateway(t testing.TB, url string, change ...func(*schema.Gateway, *schema.Route)) *schema.Gateway {
	t.Helper()
	g := &schema.Gateway{
		Environment: "test",
		Listeners:   map[string]schema.Listener{"http": {Port: 8080}},
		Upstreams:   map[string]schema.Upstream{"echo": at(t, url)},
	}
	route := schema.Route{Backends: map[string]schema.Backend{"echo": {Weight: 1}}}
	for _, c := range change {
		c(g, &route)
	}
	api := g.APIs["echo"]
	if api.Routes == nil {
		api.Routes = map[string]schema.Route{}
	}
	api.Routes["default"] = route
	if g.APIs == nil {
		g.APIs = map[string]schema.API{}
	}
	g.APIs["echo"] = api
	return g
}

func closedPort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// records returns the access log so far.
func (p *proxy) records() []map[string]any {
	p.t.Helper()
	var out []map[string]any
	for line := range strings.SplitSeq(strings.TrimSpace(p.access.String()), "\n") {
		if line == "" {
			continue
		}
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		out = append(out, r)
	}
	return out
}

// record waits for the access log's line of a request id.
func (p *proxy) record(id string) map[string]any {
	p.t.Helper()
	var found map[string]any
	p.until("the access log has "+id, func() bool {
		for _, r := range p.records() {
			if r["id"] == id {
				found = r
			}
		}
		return found != nil
	})
	return found
}
