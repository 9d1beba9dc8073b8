//go:build amd64 || arm64

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// A site is what a proxy lives on: a source of bundles, an issuer of tokens and a state directory.
type site struct {
	t       *testing.T
	program string
	dir     string
	key     *key.Private
	issuer  *issuer
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), issuer: newIssuer(t)}
	s.program = filepath.Join(s.dir, "gwproxy")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var err error
	s.key, err = key.Generate(key.Ed25519)
	s.must(err)
	s.must(os.WriteFile(s.path("gwc.pub"), s.key.Public().Marshal(), 0o600))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// publish has the source offer a bundle whose answer is a text, and the issuer sign with a key named after its first word.
func (s *site) publish(serial uint64, text string) {
	s.t.Helper()
	s.issuer.rotate(word(text))
	g := &schema.Gateway{
		Environment: "test", Listeners: map[string]schema.Listener{"http": {Port: 8080}},
		APIs: map[string]schema.API{"hello": {Routes: map[string]schema.Route{
			"all": {Respond: &schema.Respond{Body: text}},
			"token": {
				Match: &schema.Match{Path: &schema.PathMatch{Prefix: "/token"}}, Respond: &schema.Respond{Body: "welcome"},
				Filters: schema.Filters{Auth: &schema.Auth{JWT: &schema.JWTAuth{
					Issuer: "https://issuer.test", JWKS: schema.JWKS{URL: s.issuer.url}, Algorithms: []string{"EdDSA"},
					Header: "Authorization", ConsumerClaim: "sub",
				}}},
			},
		}}},
	}
	data, err := bundle.Seal(bundle.Contents{Environment: "test", Serial: serial, Gateway: g.Resolve()}, s.key)
	s.must(err)
	s.must(os.WriteFile(s.path("new"), data, 0o600))
	s.must(os.Rename(s.path("new"), s.path("source.bundle")))
}

func word(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}

// gone takes away what a proxy hears from others.
func (s *site) gone() {
	s.t.Helper()
	s.must(os.Remove(s.path("source.bundle")))
	s.issuer.down.Store(true)
}

// command returns a proxy with a state directory.
func (s *site) command(state string) (cmd *exec.Cmd, address, admin string) {
	address, admin = freeAddress(s.t), freeAddress(s.t)
	cmd = exec.CommandContext(s.t.Context(), s.program, "--source", "file:"+s.path("source.bundle"), "--key", s.path("gwc.pub"),
		"--state-dir", state, "--listen", "http="+address, "--admin", admin, "--access-log", "off")
	return cmd, address, admin
}

// A proxy is a process of gwproxy.
type proxy struct {
	t              *testing.T
	cmd            *exec.Cmd
	address, admin string
	log            strings.Builder
}

func (s *site) start(state string) *proxy {
	s.t.Helper()
	p := &proxy{t: s.t}
	p.cmd, p.address, p.admin = s.command(state)
	p.cmd.Stderr = &p.log
	s.must(p.cmd.Start())
	return p
}

func (p *proxy) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// until waits for what a proxy answers to be so, and returns it; it is the last answer if that never happens.
func (p *proxy) until(url, token string, good func(status int, body string) bool) (status int, body string) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			p.t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			data, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if status, body = answer.StatusCode, string(data); good(status, body) {
				return status, body
			}
		}
		if time.Now().After(end) {
			p.t.Errorf("%s: %d %.2000q, %v\n%s", url, status, body, err, p.log.String())
			return status, body
		}
	}
}

// serves waits until a proxy answers with one of several texts, and tells which. Before it is able to, it answers nothing else.
func (p *proxy) serves(texts ...string) string {
	p.t.Helper()
	_, body := p.until("http://"+p.address+"/", "", func(int, string) bool { return true })
	if !slices.Contains(texts, body) {
		p.t.Errorf("it serves %.20q, want one of %.20q\n%s", body, texts, p.log.String())
	}
	return body
}

// status waits until a proxy's status is so.
func (p *proxy) status(good func(proxyStatus) bool) {
	p.t.Helper()
	p.until("http://"+p.admin+"/status", "", func(_ int, body string) bool {
		var s proxyStatus
		return json.Unmarshal([]byte(body), &s) == nil && good(s)
	})
}

// proxyStatus is what a proxy says of itself.
type proxyStatus struct {
	Active     *struct{ Serial uint64 }
	StateError string
	JWKS       []struct {
		Keys                 int
		KeepError, LastError string
		LastSuccess          *time.Time
	}
}

// takes returns the names of the keys by which a proxy takes tokens.
func (p *proxy) takes(i *issuer, names ...string) (taken []string) {
	p.t.Helper()
	for _, name := range names {
		status, body := p.until("http://"+p.address+"/token", i.token(name), func(status int, _ string) bool { return status != 0 })
		switch {
		case status == 200 && body == "welcome":
			taken = append(taken, name)
		case status != 401 && status != 503:
			p.t.Errorf("a token is answered with %d %q", status, body)
		}
	}
	return taken
}

// An issuer signs tokens with keys that it has by name, the newest of which it publishes.
type issuer struct {
	t    *testing.T
	url  string
	down atomic.Bool
	keys map[string]ed25519.PrivateKey
	now  atomic.Pointer[jose.JSONWebKey]
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t, keys: map[string]ed25519.PrivateKey{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if i.down.Load() {
			panic(http.ErrAbortHandler)
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{*i.now.Load()}})
	}))
	t.Cleanup(server.Close)
	i.url = server.URL + "/keys"
	return i
}

func (i *issuer) rotate(name string) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.keys[name] = private
	i.now.Store(&jose.JSONWebKey{Key: public, KeyID: name, Algorithm: "EdDSA", Use: "sig"})
	i.down.Store(false)
}

func (i *issuer) token(name string) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: i.keys[name]}, (&jose.SignerOptions{}).WithHeader("kid", name))
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(map[string]any{"iss": "https://issuer.test", "sub": "ann", "exp": time.Now().Add(time.Hour).Unix()}).Serialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// left is the state directory of a proxy that served two bundles, with a text each, one after the other.
func (s *site) left(first, second string) string {
	s.t.Helper()
	state := s.path("left")
	for serial, text := range []string{first, second} {
		s.publish(uint64(serial+1), text)
		p := s.start(state)
		p.holds(state, serial+1, word(text))
		p.kill()
	}
	return state
}

// holds waits until a directory keeps the bundle of a serial and an issuer's key, or the proxy says that it cannot keep them. It
// reports which are kept.
func (p *proxy) holds(state string, serial int, key string) (bundle, keys bool) {
	p.t.Helper()
	p.status(func(now proxyStatus) bool {
		if now.Active == nil || now.Active.Serial != uint64(serial) || len(now.JWKS) != 1 || now.JWKS[0].LastSuccess == nil {
			return false
		}
		bundle, keys = kept(p.t, state, serial, key)
		return (bundle || now.StateError != "") && (keys || now.JWKS[0].KeepError != "")
	})
	return bundle, keys
}

// kept reports whether a directory keeps the bundle of a serial, and an issuer's key.
func kept(t *testing.T, state string, serial int, key string) (bundle, keys bool) {
	t.Helper()
	matching := func(pattern string) []string {
		found, err := filepath.Glob(filepath.Join(state, pattern))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	id := fmt.Sprintf("%q:%q", "kid", key)
	keys = slices.ContainsFunc(matching("jwks-*"), func(file string) bool {
		data, _ := os.ReadFile(file)
		return strings.Contains(string(data), id)
	})
	return len(matching(fmt.Sprintf("last-good.%d.*", serial))) == 1, keys
}

// TestAProxyThatIsKilledServesFromDiskWhateverTheInstant kills a proxy before and after each system call with which it keeps a
// bundle and an issuer's keys, and in the middle of each write. With its source and the issuer gone another one serves the
// bundle and takes the tokens that were kept: the new ones once they have their names, and the old ones until then.
func TestAProxyThatIsKilledServesFromDiskWhateverTheInstant(t *testing.T) {
	s := newSite(t)
	left := s.left("first", "old")
	texts := []string{"old", "new"}
	renamed := func(prefix string, done bool) func(step) bool {
		return func(at step) bool {
			return at.call == "rename" && strings.HasPrefix(at.file, prefix) && at.done == done
		}
	}
	// which tells what a proxy finds, by the steps that were seen; while the rename is under way it may be either.
	which := func(steps []step, prefix string) []string {
		switch {
		case slices.ContainsFunc(steps, renamed(prefix, true)):
			return texts[1:]
		case slices.ContainsFunc(steps[:len(steps)-1], renamed(prefix, false)): // by another thread
			return texts
		}
		return texts[:1]
	}
	n := 0
	run := func(t *testing.T, until func([]step) bool) (string, []step) {
		t.Helper()
		n++
		state := s.path(fmt.Sprint("state", n))
		s.must(os.CopyFS(state, os.DirFS(left)))
		s.publish(3, "new")
		cmd, _, _ := s.command(state)
		var log strings.Builder
		cmd.Stderr = &log
		steps := trace(t, cmd, state, until)
		if t.Failed() {
			t.Log(log.String())
		}
		return state, steps
	}
	all := func(steps []step) bool {
		ends := func(prefix, name string) bool {
			return slices.ContainsFunc(steps, func(at step) bool {
				return at.call == "remove" && at.done && strings.HasPrefix(at.file, prefix) && at.file != name
			})
		}
		// A bundle is kept once the oldest is removed, keys once their temporary name is.
		return ends("last-good.1.", "") && slices.ContainsFunc(steps, renamed("jwks-", true)) && ends(".jwks-", "")
	}
	_, steps := run(t, all)
	instants := distinct(steps)
	t.Logf("a proxy is killed at each of %v", instants)
	for _, want := range []string{"open .last-good.3", "write .last-good.3", "sync .last-good.3", "rename last-good.3", "remove last-good.1", "write .jwks-", "rename jwks-"} {
		for _, when := range []string{"before ", "after "} {
			if !slices.ContainsFunc(instants, func(at step) bool { return strings.HasPrefix(at.String(), when+want) }) {
				t.Errorf("there is no %s", when+want)
			}
		}
	}
	kill := func(name string, at step, cut bool) {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			state, steps := run(t, func(seen []step) bool { return seen[len(seen)-1] == at })
			s.gone()
			if cut {
				halve(t, state)
			}
			p := s.start(state)
			defer p.kill()
			p.serves(which(steps, "last-good.3.")...)
			if got := p.takes(s.issuer, texts...); len(got) != 1 || !slices.Contains(which(steps, "jwks-"), got[0]) {
				t.Errorf("it takes tokens of %q, want one of %q\n%s", got, which(steps, "jwks-"), p.log.String())
			}
		})
	}
	for _, at := range instants {
		kill(at.String(), at, false)
		if at.call == "write" && at.done {
			kill("half-way in "+strings.TrimPrefix(at.String(), "after "), at, true)
		}
	}
}
