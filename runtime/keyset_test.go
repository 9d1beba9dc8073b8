package runtime_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gwc.dev/runtime"
	"gwc.dev/schema"
)

// An issuer signs tokens and serves its keys, until it is made to behave otherwise.
type issuer struct {
	t   testing.TB
	url string

	mu      sync.Mutex
	signer  jose.Signer
	kid     string
	public  []jose.JSONWebKey
	behave  http.HandlerFunc // nil: as it should
	fetches int
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{t: t}
	i.url = serve(t, i.answer).URL + "/keys"
	i.rotate("first", 0)
	return i
}

func (i *issuer) answer(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.fetches++
	behave, set := i.behave, jose.JSONWebKeySet{Keys: i.public}
	i.mu.Unlock()
	if behave != nil {
		behave(w, r)
		return
	}
	var parts []string
	for _, k := range set.Keys {
		data, err := k.MarshalJSON()
		if err != nil {
			i.t.Error(err)
		}
		parts = append(parts, string(data))
	}
	_, _ = io.WriteString(w, `{"keys":[`+strings.Join(parts, ",")+`]}`)
}

// rotate has the issuer sign with a new key, and publish it beside as many of the last ones.
func (i *issuer) rotate(kid string, overlap int) {
	i.publish(kid, overlap)()
}

// publish has the issuer publish a new key beside as many of the last ones, and sign with it once that is called.
func (i *issuer) publish(kid string, overlap int) (sign func()) {
	i.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.public = append(i.public[max(0, len(i.public)-overlap):], jose.JSONWebKey{Key: public, KeyID: kid, Algorithm: "EdDSA", Use: "sig"})
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.signer, i.kid = signer, kid
	}
}

func (i *issuer) breakDown(how http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.behave = how
}

// token returns a token as the issuer signs it now, never the same one twice.
func (i *issuer) token() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	claims := map[string]any{"iss": "https://issuer.test", "sub": "ann", "exp": time.Now().Add(time.Hour).Unix(), "jti": fmt.Sprint(time.Now().UnixNano())}
	token, err := jwt.Signed(i.signer).Claims(claims).Serialize()
	if err != nil {
		i.t.Error(err)
	}
	return token
}

// withTokens has everything below /token ask for a token of issuers.
func withTokens(urls ...string) func(*schema.Gateway, *schema.Route) {
	return func(g *schema.Gateway, _ *schema.Route) {
		routes := map[string]schema.Route{}
		for n, url := range urls {
			routes[fmt.Sprint("token", n)] = schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Prefix: fmt.Sprintf("/token/%d", n)}},
				Backends: map[string]schema.Backend{"echo": {Weight: 1}},
				Filters: schema.Filters{Auth: &schema.Auth{JWT: &schema.JWTAuth{
					Issuer: "https://issuer.test", JWKS: schema.JWKS{URL: url}, Algorithms: []string{"EdDSA"},
					Header: "Authorization", ConsumerClaim: "sub",
				}}},
			}
		}
		g.APIs = map[string]schema.API{"tokens": {Routes: routes}}
	}
}

// broken are the ways in which an issuer can fail.
func broken(t testing.TB) map[string]http.HandlerFunc {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	return map[string]http.HandlerFunc{
		"down": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				c.Close()
			}
		},
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-end:
			}
		},
		"500":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>\x00") },
		"empty":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) },
		"slow": func(w http.ResponseWriter, r *http.Request) {
			for {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-end:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			spaces := strings.Repeat(" ", 64<<10)
			for {
				if _, err := io.WriteString(w, spaces); err != nil {
					return
				}
			}
		},
		"redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
	}
}

// However an issuer fails, a proxy starts, swaps and serves everything else at once; its tokens are answered with 503
// within the two seconds that a request waits, and served once it is back.
func TestABrokenIssuerHoldsNothingUp(t *testing.T) {
	for name, how := range broken(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := echo(t, "one")
			i := newIssuer(t)
			i.breakDown(how)
			p := start(t)
			began := time.Now()
			p.publish(gateway(t, backend.URL, withTokens(i.url)))
			load := &loader{}
			c := client(t)
			var stop atomic.Bool
			var slowest atomic.Int64
			var work sync.WaitGroup
			url := p.url()
			work.Go(func() {
				for !stop.Load() {
					at := time.Now()
					r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/open", http.NoBody)
					if err != nil {
						t.Error(err)
						return
					}
					if a := send(t, c, r); a.Status != 200 {
						load.note(0, fmt.Errorf("status %d", a.Status))
					}
					slowest.Store(max(slowest.Load(), int64(time.Since(at))))
				}
			})
			for n := range 10 { // each with another key set beside it, which is as broken
				p.publish(gateway(t, backend.URL, withTokens(i.url, fmt.Sprintf("%s?n=%d", i.url, n))))
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("a start and ten swaps took %v", took)
			}
			at := time.Now()
			a := p.do("GET", "/token/0", "Authorization: Bearer "+i.token())
			if took := time.Since(at); a.Status != 503 || a.Header.Get("Retry-After") == "" || took > 4*time.Second {
				t.Errorf("a token: status %d after %v", a.Status, took)
			}
			i.breakDown(nil)
			token := i.token()
			patient := time.Now()
			for p.do("GET", "/token/0", "Authorization: Bearer "+token).Status != 200 {
				if time.Since(patient) > 30*time.Second {
					t.Fatal("its tokens are never served")
				}
				time.Sleep(20 * time.Millisecond)
			}
			// Now that there are keys, they last through the next failure and through swaps.
			i.breakDown(how)
			for n := range 5 {
				p.publish(gateway(t, backend.URL, withTokens(i.url, fmt.Sprintf("%s?m=%d", i.url, n))))
				if a := p.do("GET", "/token/0", "Authorization: Bearer "+i.token()); a.Status != 200 {
					t.Errorf("a token after a swap: status %d", a.Status)
				}
			}
			stop.Store(true)
			work.Wait()
			if len(load.wrong) > 0 || time.Duration(slowest.Load()) > 5*time.Second {
				t.Errorf("requests without tokens: %q, the slowest took %v", load.wrong, time.Duration(slowest.Load()))
			}
		})
	}
}

// Under load an issuer rotates with overlap, without any, and without another key id: no token that it would accept
// itself is refused.
func TestNoTokenIsRefusedWhileAnIssuerRotates(t *testing.T) {
	tests := map[string]func(t *testing.T, i *issuer, n int){
		"with overlap": func(_ *testing.T, i *issuer, n int) {
			sign := i.publish(fmt.Sprint("key-", n), 1)
			time.Sleep(20 * time.Millisecond)
			sign()
		},
		"at once":               func(_ *testing.T, i *issuer, n int) { i.rotate(fmt.Sprint("key-", n), 0) },
		"at once, with one id":  func(_ *testing.T, i *issuer, _ int) { i.rotate("first", 0) },
		"while somebody floods": func(_ *testing.T, i *issuer, n int) { i.rotate(fmt.Sprint("key-", n), 0) },
	}
	for name, rotate := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
			i := newIssuer(t)
			p := start(t, func(o *runtime.Options) { o.AccessLog = nil })
			p.publish(gateway(t, backend.URL, withTokens(i.url)))
			url := p.url() + "/token/0"
			var stop atomic.Bool
			var served atomic.Int64
			var generation sync.RWMutex // a token of the key before is withdrawn with it: none is under way in a rotation
			var work sync.WaitGroup
			ask := func(c *http.Client, token string) int {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
				if err != nil {
					t.Error(err)
					return 0
				}
				return send(t, c, r, "Authorization: Bearer "+token).Status
			}
			for range 4 {
				work.Go(func() {
					c := client(t)
					for !stop.Load() {
						generation.RLock()
						status := ask(c, i.token())
						generation.RUnlock()
						if served.Add(1); status != 200 {
							t.Errorf("a token is answered with %d", status)
							return
						}
					}
				})
			}
			// A rotation takes one fetch, and there are three at once: more of them a test would have to wait for.
			const rotations = 3
			more := func() { // tokens of one key have been served
				enough := served.Load() + 10
				p.until("tokens are served", func() bool { return served.Load() > enough || t.Failed() })
			}
			for n := range rotations {
				more()
				generation.Lock()
				rotate(t, i, n)
				generation.Unlock()
				more()
			}
			if name == "while somebody floods" { // what was taken is not given back
				flooder := newIssuer(t)
				flooder.rotate("invented", 0)
				c := client(t)
				for range 100 {
					if status := ask(c, flooder.token()); status != 401 {
						t.Errorf("an invented token is answered with %d", status)
					}
				}
			}
			stop.Store(true)
			work.Wait()
			i.mu.Lock()
			defer i.mu.Unlock()
			t.Logf("%d tokens in %d rotations, %d fetches", served.Load(), rotations, i.fetches)
			if i.fetches > 1+rotations+1 {
				t.Errorf("%d fetches and %d requests", i.fetches, served.Load())
			}
		})
	}
}

// A restart while the issuer is down serves its tokens with the keys on disk; one after a kill too, since nothing is
// written at the end.
func TestARestartWithoutTheIssuerServesItsTokens(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	i := newIssuer(t)
	model := gateway(t, backend.URL, withTokens(i.url))
	first := start(t, func(o *runtime.Options) { o.StateDir = dir })
	first.publish(model)
	if a := first.do("GET", "/token/0", "Authorization: Bearer "+i.token()); a.Status != 200 {
		t.Fatalf("status %d", a.Status)
	}
	first.until("the keys are on disk", func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "jwks-*.json"))
		return len(files) == 1
	})
	i.breakDown(broken(t)["hangs"])
	second := start(t, func(o *runtime.Options) { o.StateDir = dir }) // while the first one still runs
	second.publish(model)
	at := time.Now()
	if a := second.do("GET", "/token/0", "Authorization: Bearer "+i.token()); a.Status != 200 || time.Since(at) > 2*time.Second {
		t.Errorf("status %d after %v", a.Status, time.Since(at))
	}
	metrics := second.get("/metrics").Body
	for _, want := range []string{
		`gwproxy_jwks_keys{url="` + i.url + `"} 1`, `gwproxy_jwks_disk_errors_total{url="` + i.url + `"} 0`,
		`gwproxy_jwks_fetches_total{result="success",url="` + i.url + `"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if !strings.Contains(second.log.String(), "using the keys on disk") {
		t.Errorf("the log does not say so:\n%s", second.log)
	}
}
