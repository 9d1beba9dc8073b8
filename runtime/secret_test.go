package runtime_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime"
	"gwc.dev/schema"
)

// mount replaces the secrets below dir as Kubernetes does: all at once, behind a link.
func mount(t testing.TB, dir string, fill func(version string)) {
	t.Helper()
	version, err := os.MkdirTemp(dir, "..v")
	if err != nil {
		t.Fatal(err)
	}
	fill(version)
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	link := filepath.Join(dir, "..data_tmp")
	if err := errors.Join(os.Symlink(filepath.Base(version), link), os.Rename(link, filepath.Join(dir, "..data"))); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(version)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Symlink("..data/"+name.Name(), filepath.Join(dir, name.Name())); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
}

func withKeys(g *schema.Gateway, r *schema.Route) {
	g.Consumers = map[string]schema.Consumer{
		"ann": {APIKeys: map[string]schema.APIKey{"one": {Secret: "ann/one"}, "two": {Secret: "ann/two"}}},
		"bob": {APIKeys: map[string]schema.APIKey{"one": {Secret: "bob/one"}}},
	}
	r.Auth = &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}}
}

// putKeys writes API keys by "consumer/key".
func putKeys(t testing.TB, dir string, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		writeFile(t, filepath.Join(dir, pairs[i]), pairs[i+1]+"\n")
	}
}

// noSwap fails the test if anything was swapped in beside the first bundle.
func (p *proxy) noSwap() {
	p.t.Helper()
	if a := p.get("/metrics"); !strings.Contains(a.Body, "gwproxy_bundle_swaps_total 1\n") {
		p.t.Error("a table was swapped in for a secret")
	}
}

func TestAnAPIKeyIsRotatedWithoutASwap(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	mount(t, dir, func(v string) { putKeys(t, v, "ann/one", "a1", "ann/two", "a2", "bob/one", "b1") })
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	p.publish(gateway(t, backend.URL, withKeys, func(_ *schema.Gateway, r *schema.Route) {
		r.RateLimit = &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"day": {Requests: 3, Per: "day", By: "consumer"}}}
	}))
	status := func(key string) int { return p.do("GET", "/", "apikey: "+key).Status }
	if got := []int{status("a1"), status("a2"), status("new")}; !cmp.Equal(got, []int{200, 200, 401}) {
		t.Fatalf("before: %v", got)
	}
	mount(t, dir, func(v string) { putKeys(t, v, "ann/one", "new", "ann/two", "a2", "bob/one", "b1") })
	p.until("the new key is known", func() bool { return status("new") != 401 })
	// The consumer's third request was the last one: what it had used up is not forgotten.
	if got := []int{status("new"), status("a1"), status("b1")}; !cmp.Equal(got, []int{429, 401, 200}) {
		t.Errorf("after: %v", got)
	}
	p.noSwap()
	if a := p.get("/metrics"); !strings.Contains(a.Body, "gwproxy_secret_changes_total 1\n") {
		t.Error("the change is not counted")
	}
}

func TestASecretThatCannotBeUsedIsReportedAndItsLastValueServes(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	mount(t, dir, func(v string) { putKeys(t, v, "ann/one", "a1", "ann/two", "a2", "bob/one", "b1") })
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	p.publish(gateway(t, backend.URL, withKeys))
	status := func(key string) int { return p.do("GET", "/", "apikey: "+key).Status }

	// One is gone, one is another consumer's, and the third is rotated.
	mount(t, dir, func(v string) { putKeys(t, v, "ann/one", "b1", "ann/two", "rotated") })
	p.until("what can be used is in use", func() bool { return status("rotated") == 200 })
	if got := []int{status("a1"), status("a2"), status("b1")}; !cmp.Equal(got, []int{200, 401, 200}) {
		t.Errorf("status %v", got)
	}
	p.until("the status says so", func() bool { return len(p.server.Status().Secrets) == 2 })
	var got []string
	for _, s := range p.server.Status().Secrets {
		got = append(got, s.Name+": "+strings.ReplaceAll(s.Error, dir, "DIR"))
	}
	want := []string{
		`ann/one: secret "ann/one" holds a key that consumer "bob" has too`,
		`bob/one: resolving secret "bob/one" in DIR: no such file or directory`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	for _, name := range []string{"ann/one", "bob/one"} {
		if a := p.get("/metrics"); !strings.Contains(a.Body, `gwproxy_secret_unusable{secret="`+name+`"} 1`) {
			t.Errorf("no metric says that %s cannot be used", name)
		}
	}

	// A bundle that changes something else is served; what the secrets were still holds.
	p.publish(gateway(t, backend.URL, withKeys, func(_ *schema.Gateway, r *schema.Route) { r.Description = "another" }))
	if got := status("b1"); got != 200 {
		t.Errorf("after a swap: status %d", got)
	}

	mount(t, dir, func(v string) { putKeys(t, v, "ann/one", "a3", "ann/two", "rotated", "bob/one", "b1") })
	p.until("all is well again", func() bool { return len(p.server.Status().Secrets) == 0 && status("a3") == 200 })
	if a := p.get("/metrics"); strings.Contains(a.Body, "gwproxy_secret_unusable{") {
		t.Error("a metric says that a secret cannot be used")
	}
	for _, value := range []string{"a1", "b1", "a3", "rotated"} {
		if strings.Contains(p.log.String(), `"`+value+`"`) || strings.Contains(p.log.String(), "="+value+" ") {
			t.Errorf("the log holds the value %q", value)
		}
	}
}

func TestABundleThatMissedASecretIsServedOnceItComes(t *testing.T) {
	dir := t.TempDir()
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	refused := p.refused(p.seal(gateway(t, echo(t, "one").URL, withKeys)))
	if len(refused.Problems) != 3 || refused.Problems[0].Path != "consumers.ann.apiKeys.one.secret" {
		t.Errorf("refused %+v", refused)
	}
	putKeys(t, dir, "ann/one", "a1", "ann/two", "a2", "bob/one", "b1")
	p.until("the bundle is served", func() bool { return p.server.Status().Active != nil })
	if a := p.do("GET", "/", "apikey: a1"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}

func TestAnUpstreamsAuthorityIsRotatedAndItsConnectionsStay(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	pair(t, first, "backend.test")
	pair(t, second, "backend.test")
	cert, err := tls.LoadX509KeyPair(filepath.Join(first, "tls.crt"), filepath.Join(first, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	var opened atomic.Int64
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	backend.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	backend.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	backend.StartTLS()
	defer backend.Close()
	ca := func(from string) string {
		data, err := os.ReadFile(filepath.Join(from, "tls.crt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	dir := t.TempDir()
	mount(t, dir, func(v string) { writeFile(t, filepath.Join(v, "ca", "ca.crt"), ca(first)) })
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	p.publish(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
		up := g.Upstreams["echo"]
		up.TLS = &schema.UpstreamTLS{CA: "ca/ca.crt", ServerName: "backend.test"}
		g.Upstreams["echo"] = up
	}))
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Fatalf("status %d", a.Status)
	}
	mount(t, dir, func(v string) { writeFile(t, filepath.Join(v, "ca", "ca.crt"), ca(second)) })
	p.until("it is in use", func() bool { return strings.Contains(p.get("/metrics").Body, "gwproxy_secret_changes_total 1\n") })
	if a := p.do("GET", "/"); a.Status != 200 || opened.Load() != 1 {
		t.Errorf("over the connection that was there: status %d, %d connections", a.Status, opened.Load())
	}
	backend.CloseClientConnections()
	p.until("new connections are verified by the new authority", func() bool { return p.do("GET", "/").Status == 502 })
	mount(t, dir, func(v string) { writeFile(t, filepath.Join(v, "ca", "ca.crt"), ca(second)+ca(first)) })
	p.until("both are trusted", func() bool { return p.do("GET", "/").Status == 200 })
	p.noSwap()
}

// A client of an authority that is trusted no longer gets no new session, also not by resuming one.
func TestTheAuthorityOfClientsIsRotated(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			backend := echo(t, "one")
			files := t.TempDir()
			pair(t, filepath.Join(files, "main"), "api.example.com")
			certs := map[string]tls.Certificate{}
			for _, name := range []string{"old", "new"} {
				pair(t, filepath.Join(files, name), "client.example.com")
				cert, err := tls.LoadX509KeyPair(filepath.Join(files, name, "tls.crt"), filepath.Join(files, name, "tls.key"))
				if err != nil {
					t.Fatal(err)
				}
				certs[name] = cert
			}
			dir := t.TempDir()
			trust := func(name string) {
				mount(t, dir, func(v string) {
					for _, file := range []string{"main/tls.crt", "main/tls.key"} {
						data, err := os.ReadFile(filepath.Join(files, file))
						if err != nil {
							t.Fatal(err)
						}
						writeFile(t, filepath.Join(v, file), string(data))
					}
					block := pem.Block{Type: "CERTIFICATE", Bytes: certs[name].Certificate[0]}
					writeFile(t, filepath.Join(v, "clients", "ca.crt"), string(pem.EncodeToMemory(&block)))
				})
			}
			trust("old")
			p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
			p.publish(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
				g.Listeners["https"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{
					Certificates:       map[string]schema.Certificate{"default": {Secret: "main"}},
					ClientCertificates: &schema.ClientCertificates{CA: "clients/ca.crt"},
				}}
			}))
			sessions := map[string]tls.ClientSessionCache{"old": tls.NewLRUClientSessionCache(1), "new": tls.NewLRUClientSessionCache(1)}
			ask := func(name string) (resumed, served bool) {
				c := client(t)
				c.Transport.(*http.Transport).DisableKeepAlives = true
				c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
					InsecureSkipVerify: true, ClientSessionCache: sessions[name], ServerName: "api.example.com", //nolint:gosec // the test's own
					MaxVersion: version,
					GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
						cert := certs[name]
						return &cert, nil
					},
				}
				response, err := c.Get("https://" + p.address("https") + "/")
				if err != nil {
					return false, false
				}
				defer response.Body.Close()
				_, _ = io.Copy(io.Discard, response.Body)
				return response.TLS.DidResume, response.StatusCode == 200
			}
			if _, served := ask("new"); served {
				t.Fatal("an unknown client is served")
			}
			if _, served := ask("old"); !served {
				t.Fatal("a known client is not served")
			}
			if resumed, served := ask("old"); !served || !resumed {
				t.Fatalf("a known client that comes again: served %v, resumed %v", served, resumed)
			}
			trust("new")
			p.until("the new authority is trusted", func() bool { _, served := ask("new"); return served })
			if _, served := ask("old"); served {
				t.Error("a client of the old authority is served")
			}
			p.noSwap()
		})
	}
}

// Clients that use two keys in turn and open connections all the time notice nothing while keys and certificate are
// rotated again and again.
func TestNoRequestFailsWhileSecretsAreRotated(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("a", 1024)) })
	dir := t.TempDir()
	keys := [2]string{"one-0", "two-0"}
	known := &inUse{key: keys[0]}
	put := func() {
		mount(t, dir, func(v string) {
			putKeys(t, v, "ann/one", keys[0], "ann/two", keys[1], "bob/one", "b1")
			pair(t, filepath.Join(v, "main"), "api.example.com")
			pair(t, filepath.Join(v, "wild"), "*.example.org")
		})
	}
	put()
	p := start(t, func(o *runtime.Options) { o.SecretsDir, o.AccessLog = dir, nil })
	p.publish(gateway(t, backend.URL, withKeys, withTLS))
	url := "https://" + p.address("https")

	load := &loader{}
	for i := range 6 {
		c := client(t)
		transport := c.Transport.(*http.Transport)
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // a certificate of the test's own
		transport.ForceAttemptHTTP2 = i%2 == 0
		transport.DisableKeepAlives = i < 2
		c.Transport = authorised{transport, known}
		load.run(t, c, url, 1)
	}
	const rounds = 25
	certificate, _ := shown(t, p.address("https"), "api.example.com")
	for i := 1; i <= rounds; i++ {
		unused := i % 2
		keys[unused] = fmt.Sprint("key-", i)
		put()
		p.until("the new key is known", func() bool { return p.do("GET", "/", "apikey: "+keys[unused]).Status == 200 })
		known.use(keys[unused])
		p.until("the new certificate is shown", func() bool { // secrets are read one after the other
			before := certificate
			certificate, _ = shown(t, p.address("https"), "api.example.com")
			return certificate != before
		})
	}
	load.stop.Store(true)
	load.done.Wait()
	t.Logf("%d requests in %d rotations", len(load.took), rounds)
	if len(load.wrong) > 0 || len(load.took) < 2*rounds {
		t.Errorf("of %d requests some failed: %q", len(load.took), load.wrong)
	}
	p.noSwap()
}

// inUse is the key that clients use.
type inUse struct {
	mu  sync.RWMutex
	key string
}

// use changes the key, once what was sent with the one before has been answered.
func (u *inUse) use(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.key = key
}

// authorised sends requests with the key in use.
type authorised struct {
	http.RoundTripper
	key *inUse
}

func (a authorised) RoundTrip(r *http.Request) (*http.Response, error) {
	a.key.mu.RLock()
	defer a.key.mu.RUnlock()
	r = r.Clone(r.Context())
	r.Header.Set("apikey", a.key.key)
	return a.RoundTripper.RoundTrip(r)
}
