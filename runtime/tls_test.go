package runtime_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime"
	"gwc.dev/schema"
)

// pair writes a self-signed certificate for names to dir and returns its serial number.
func pair(t *testing.T, dir string, names ...string) string {
	t.Helper()
	return pairUntil(t, dir, time.Now().Add(time.Hour), names...)
}

// pairUntil is pair with an end.
func pairUntil(t *testing.T, dir string, end time.Time, names ...string) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "tls.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	writeFile(t, filepath.Join(dir, "tls.crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return serial.String()
}

// shown returns the serial number and the protocol that a handshake for name ends with.
func shown(t *testing.T, address, name string) (serial, protocol string) {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{
		ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}, //nolint:gosec // asks what is shown
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	state := c.ConnectionState()
	return state.PeerCertificates[0].SerialNumber.String(), state.NegotiatedProtocol
}

func withTLS(g *schema.Gateway, _ *schema.Route) {
	g.Listeners["https"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{Certificates: map[string]schema.Certificate{
		"default": {Secret: "main"}, "wild": {Secret: "wild"},
	}}}
}

func TestCertificatesFollowTheNameAndTheFiles(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	main := pair(t, filepath.Join(dir, "main"), "api.example.com")
	wild := pair(t, filepath.Join(dir, "wild"), "*.example.org", "example.org")
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	p.publish(gateway(t, backend.URL, withTLS))
	address := p.address("https")
	for name, want := range map[string]string{
		"api.example.com": main, "API.example.com": main, "a.example.org": wild, "example.org": wild, "else.example.net": main,
		"a.b.example.org": main,
	} {
		if got, protocol := shown(t, address, name); got != want || protocol != "h2" {
			t.Errorf("%s: certificate %s over %s, want %s over h2", name, got, protocol, want)
		}
	}
	renewed := pair(t, filepath.Join(dir, "main"), "api.example.com")
	p.until("the new certificate is shown", func() bool {
		got, _ := shown(t, address, "api.example.com")
		return got == renewed
	})
	// One that cannot be used leaves the one in use, and is said.
	writeFile(t, filepath.Join(dir, "main", "tls.key"), "half")
	p.until("the status says so", func() bool { return strings.Contains(p.server.Status().SecretsError, `"main"`) })
	if got, _ := shown(t, address, "api.example.com"); got != renewed {
		t.Error("another certificate is shown")
	}
	pair(t, filepath.Join(dir, "main"), "api.example.com")
	p.until("all is well again", func() bool { return p.server.Status().SecretsError == "" })
}

// TestTheEndOfCertificatesIsMeasured holds that the metric is about what is in use: it follows the files, stays while a value
// cannot be used, and is gone with the last bundle that has the secret.
func TestTheEndOfCertificatesIsMeasured(t *testing.T) {
	dir := t.TempDir()
	at := func(days int) time.Time { return time.Date(2099, 1, days, 0, 0, 0, 0, time.UTC) }
	pairUntil(t, filepath.Join(dir, "main"), at(3), "api.example.com")
	pairUntil(t, filepath.Join(dir, "wild"), at(4), "*.example.org")
	pairUntil(t, filepath.Join(dir, "partners"), at(5), "client.example.com")
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	backend := echo(t, "one")
	p.publish(gateway(t, backend.URL, withTLS, func(g *schema.Gateway, _ *schema.Route) {
		g.Listeners["https"].TLS.ClientCertificates = &schema.ClientCertificates{CA: "partners/tls.crt"}
	}))
	ends := func() map[string]string {
		found := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^gwproxy_certificate_expiry_timestamp_seconds\{kind="(\w+)",secret="([^"]+)"\} (\S+)$`).FindAllStringSubmatch(p.get("/metrics").Body, -1) {
			seconds, err := strconv.ParseFloat(m[3], 64)
			if err != nil {
				t.Fatal(err)
			}
			found[m[1]+" "+m[2]] = time.Unix(int64(seconds), 0).UTC().Format(time.DateOnly)
		}
		return found
	}
	want := map[string]string{"certificate main": "2099-01-03", "certificate wild": "2099-01-04", "authority partners/tls.crt": "2099-01-05"}
	if diff := cmp.Diff(want, ends()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	pairUntil(t, filepath.Join(dir, "main"), at(8), "api.example.com")
	pairUntil(t, filepath.Join(dir, "partners"), at(9), "client.example.com")
	want["certificate main"], want["authority partners/tls.crt"] = "2099-01-08", "2099-01-09"
	p.until("it is what the files say now", func() bool { return cmp.Equal(ends(), want) })
	p.noSwap()
	writeFile(t, filepath.Join(dir, "main", "tls.crt"), "half")
	p.until("the status says so", func() bool { return strings.Contains(p.server.Status().SecretsError, `"main"`) })
	if diff := cmp.Diff(want, ends()); diff != "" {
		t.Errorf("while one cannot be used (-want +got):\n%s", diff)
	}
	p.publish(gateway(t, backend.URL))
	if got := ends(); len(got) > 0 {
		t.Errorf("a bundle without secrets has the series %v", got)
	}
}

func TestAMissingCertificateIsARefusal(t *testing.T) {
	p := start(t, func(o *runtime.Options) { o.SecretsDir = t.TempDir() })
	refused := p.refused(p.seal(gateway(t, "http://127.0.0.1:1", withTLS)))
	if refused.Reason != "model" || len(refused.Problems) != 2 ||
		refused.Problems[0].Path != "listeners.https.tls.certificates.default.secret" {
		t.Errorf("refused %+v", refused)
	}
}

func TestHTTP2IsServed(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "main"), "api.example.com")
	pair(t, filepath.Join(dir, "wild"), "*.example.org")
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	p.publish(gateway(t, backend.URL, withTLS))
	c := client(t)
	transport := c.Transport.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // a certificate of the test's own
	transport.ForceAttemptHTTP2 = true
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+p.address("https")+"/x", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "api.example.com"
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{Status: response.StatusCode, Body: string(body)}.echoed(t)
	if response.ProtoMajor != 2 || got.Body != "hello" || got.Host != "api.example.com" || got.Header.Get("X-Forwarded-Proto") != "https" {
		t.Errorf("%s: %+v", response.Proto, got)
	}
}

func TestClientsShowCertificates(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "main"), "api.example.com")
	pair(t, filepath.Join(dir, "known"), "client.example.com")
	pair(t, filepath.Join(dir, "unknown"), "client.example.com")
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	known, err := tls.LoadX509KeyPair(filepath.Join(dir, "known", "tls.crt"), filepath.Join(dir, "known", "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := tls.LoadX509KeyPair(filepath.Join(dir, "unknown", "tls.crt"), filepath.Join(dir, "unknown", "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	shown := ":" + base64.StdEncoding.EncodeToString(known.Certificate[0]) + ":"
	for name, test := range map[string]struct {
		optional bool
		certs    []tls.Certificate
		served   bool
		told     string
	}{
		"known":            {false, []tls.Certificate{known}, true, shown},
		"none":             {false, nil, false, ""},
		"unknown":          {false, []tls.Certificate{unknown}, false, ""},
		"optional, none":   {true, nil, true, ""},
		"optional, known":  {true, []tls.Certificate{known}, true, shown},
		"optional, forged": {true, []tls.Certificate{unknown}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p.publish(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
				g.Listeners["https"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{
					Certificates:       map[string]schema.Certificate{"default": {Secret: "main"}},
					ClientCertificates: &schema.ClientCertificates{CA: "known/tls.crt", Optional: test.optional, Forward: true},
				}}
			}))
			c := client(t)
			c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
				InsecureSkipVerify: true, //nolint:gosec // a certificate of the test's own
				// Whatever the server asks for, as somebody would who tries.
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(test.certs) == 0 {
						return &tls.Certificate{}, nil
					}
					return &test.certs[0], nil
				},
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.address("https")+"/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Client-Cert", ":Zm9yZ2Vk:")
			if !test.served {
				if response, err := c.Do(r); err == nil {
					response.Body.Close()
					t.Fatalf("status %d, want no session", response.StatusCode)
				}
				return
			}
			if got := send(t, c, r).echoed(t).Header.Get("Client-Cert"); got != test.told {
				t.Errorf("the backend was told the certificate %.40q, want %.40q", got, test.told)
			}
		})
	}
	t.Run("the authority is no certificate", func(t *testing.T) {
		refused := p.refused(p.seal(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
			g.Listeners["https"] = schema.Listener{Port: 8443, TLS: &schema.ListenerTLS{
				Certificates:       map[string]schema.Certificate{"default": {Secret: "main"}},
				ClientCertificates: &schema.ClientCertificates{CA: "known/tls.key"},
			}}
		})))
		if len(refused.Problems) != 1 || refused.Problems[0].Path != "listeners.https.tls.clientCertificates.ca" {
			t.Errorf("refused %+v", refused)
		}
	})
}

func TestTLS13CanBeDemanded(t *testing.T) {
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "main"), "api.example.com")
	pair(t, filepath.Join(dir, "wild"), "*.example.org")
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	for version, works := range map[string]bool{"1.2": true, "1.3": false} {
		p.publish(gateway(t, "http://127.0.0.1:1", withTLS, func(g *schema.Gateway, _ *schema.Route) {
			g.Listeners["https"].TLS.MinVersion = version
		}))
		c, err := tls.Dial("tcp", p.address("https"), &tls.Config{
			MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true, //nolint:gosec // asks what is spoken
		})
		if err == nil {
			c.Close()
		}
		if (err == nil) != works {
			t.Errorf("TLS 1.2 where at least %s is spoken: %v", version, err)
		}
	}
}

func TestAPortCanChangeToTLS(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "main"), "api.example.com")
	pair(t, filepath.Join(dir, "wild"), "*.example.org")
	p := start(t, func(o *runtime.Options) {
		o.SecretsDir = dir
		o.Listen["http"] = closedPort(t)
		o.Listen["https"] = o.Listen["http"]
	})
	p.publish(gateway(t, backend.URL))
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Fatalf("status %d", a.Status)
	}
	p.publish(gateway(t, backend.URL, withTLS, func(g *schema.Gateway, _ *schema.Route) { delete(g.Listeners, "http") }))
	if _, protocol := shown(t, p.address("https"), "api.example.com"); protocol != "h2" {
		t.Errorf("protocol %q", protocol)
	}
}

func TestAListenerRedirectsToAnother(t *testing.T) {
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "main"), "api.example.com")
	pair(t, filepath.Join(dir, "wild"), "*.example.org")
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	for _, test := range []struct {
		port int
		host string
		want string
	}{
		{0, "api.example.com:8080", "https://api.example.com/a%2Fb?q=1"},
		{443, "api.example.com", "https://api.example.com/a%2Fb?q=1"},
		{8443, "api.example.com", "https://api.example.com:8443/a%2Fb?q=1"},
		{8443, "[2001:db8::1]:8080", "https://[2001:db8::1]:8443/a%2Fb?q=1"},
	} {
		p.publish(gateway(t, "http://127.0.0.1:1", withTLS, func(g *schema.Gateway, _ *schema.Route) {
			g.Listeners["http"] = schema.Listener{Port: 8080, Redirect: &schema.ListenerRedirect{Listener: "https", Port: test.port, Status: 308}}
		}))
		a := p.do("GET", "/a%2Fb?q=1", "Host: "+test.host)
		if a.Status != 308 || a.Header.Get("Location") != test.want {
			t.Errorf("status %d to %q, want %q", a.Status, a.Header.Get("Location"), test.want)
		}
	}
}

func TestUpstreamsAreVerified(t *testing.T) {
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	backend.EnableHTTP2 = true
	backend.StartTLS()
	defer backend.Close()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "ca", "ca.crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: backend.Certificate().Raw})))
	p := start(t, func(o *runtime.Options) { o.SecretsDir = dir })
	model := func(tls *schema.UpstreamTLS) *schema.Gateway {
		return gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
			up := g.Upstreams["echo"]
			up.TLS = tls
			g.Upstreams["echo"] = up
		})
	}
	p.publish(model(&schema.UpstreamTLS{}))
	if a := p.do("GET", "/", "X-Request-Id: strange"); a.Status != 502 {
		t.Errorf("an unknown authority: status %d", a.Status)
	}
	if r := p.record("strange"); r["reason"] != "tls" {
		t.Errorf("access log %v", r)
	}
	p.publish(model(&schema.UpstreamTLS{CA: "ca/ca.crt", ServerName: "example.com"}))
	if a := p.do("GET", "/"); a.Status != 200 || a.Body != "HTTP/2.0" {
		t.Errorf("a known authority: status %d, %s", a.Status, a.Body)
	}
	p.publish(model(&schema.UpstreamTLS{CA: "ca/ca.crt", ServerName: "other.net"}))
	if a := p.do("GET", "/"); a.Status != 502 {
		t.Errorf("another name: status %d", a.Status)
	}
	refused := p.refused(p.seal(model(&schema.UpstreamTLS{CA: "ca/none.crt"})))
	if len(refused.Problems) != 1 || refused.Problems[0].Path != "upstreams.echo.tls.ca" {
		t.Errorf("refused %+v", refused)
	}
}
