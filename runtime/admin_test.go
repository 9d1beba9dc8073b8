package runtime_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema"
)

func TestReadinessFollowsTheBundle(t *testing.T) {
	p := start(t)
	if a := p.get("/healthz"); a.Status != 200 {
		t.Errorf("liveness %d", a.Status)
	}
	if a := p.get("/readyz"); a.Status != 503 || !strings.Contains(a.Body, `"reason": "no-bundle"`) {
		t.Errorf("readiness %d %s", a.Status, a.Body)
	}
	p.feed <- source.Update{Err: errors.New("registry.example.com: no such host")}
	p.until("readiness says why", func() bool {
		a := p.get("/readyz")
		return a.Status == 503 && strings.Contains(a.Body, "source-unavailable") && strings.Contains(a.Body, "no such host")
	})
	p.publish(gateway(t, "http://127.0.0.1:1"))
	if a := p.get("/readyz"); a.Status != 200 {
		t.Errorf("readiness %d %s", a.Status, a.Body)
	}
	if got := p.server.Status().Source.LastError; got != "" {
		t.Errorf("after a good look at the source its last error is %q", got)
	}
}

func TestTheStatusHasItsShape(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	p := start(t, func(o *runtime.Options) {
		o.Clock = func() time.Time { return at }
		o.Source = "oci://registry.example.com/gateway:test"
	})
	p.publish(gateway(t, "http://127.0.0.1:1"))
	p.refused(sealed(t, gateway(t, "http://127.0.0.1:1", func(_ *schema.Gateway, r *schema.Route) {
		r.Match = &schema.Match{Path: &schema.PathMatch{Regex: "("}}
	}), 7, p.key))
	var got, want map[string]any
	if err := json.Unmarshal([]byte(p.get("/status").Body), &got); err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/status.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	changing := cmpopts.IgnoreMapEntries(func(k string, _ any) bool {
		return k == "revision" || k == "keyID" || k == "address" || k == "message" || k == "signer"
	})
	if diff := cmp.Diff(want, got, changing); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	for _, key := range []string{"revision", "keyID"} {
		if got["active"].(map[string]any)[key] == "" {
			t.Errorf("active has no %s", key)
		}
	}
}

func TestAPasswordInTheSourceIsNotShown(t *testing.T) {
	p := start(t, func(o *runtime.Options) {
		o.Source = "https://proxy:hunter2@bundles.example.com/gateway.bundle?token=hunter2"
	})
	p.feed <- source.Update{Err: errors.New("no such host")}
	p.until("the failure is logged", func() bool { return strings.Contains(p.log.String(), "no such host") })
	if text := p.get("/status").Body + p.log.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "bundles.example.com") {
		t.Errorf("shown: %s", text)
	}
}

func TestAUserNameThatIsATokenIsNotShown(t *testing.T) {
	p := start(t, func(o *runtime.Options) { o.Source = "https://hunter2@bundles.example.com/gateway.bundle" })
	if text := p.get("/status").Body; strings.Contains(text, "hunter2") || !strings.Contains(text, "bundles.example.com") {
		t.Errorf("shown: %s", text)
	}
}

func TestTheAdminPortChangesNothing(t *testing.T) {
	p := start(t)
	for _, path := range []string{"/healthz", "/readyz", "/status", "/metrics"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.server.AdminAddr()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if a := send(t, client(t), r); a.Status != 405 || a.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
	if a := p.get("/debug/pprof/heap?debug=1"); a.Status != 200 || !strings.HasPrefix(a.Body, "heap profile: ") {
		t.Errorf("the heap's profile: status %d, %.60q", a.Status, a.Body)
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	p := start(t)
	down := gateway(t, "http://"+closedPort(t), func(_ *schema.Gateway, r *schema.Route) {
		r.Retry = &schema.Retry{Attempts: 1}
	})
	p.publish(down)
	p.do("GET", "/")
	p.do("GET", "/")
	var metrics string
	p.until("both requests are counted", func() bool {
		metrics = p.get("/metrics").Body
		return strings.Contains(metrics, `gwproxy_request_duration_seconds_count{api="echo",route="default"} 2`)
	})
	for _, line := range []string{
		`gwproxy_requests_total{api="echo",route="default",status_class="5xx"} 2`,
		`gwproxy_requests_total{api="echo",route="default",status_class="2xx"} 0`,
		`gwproxy_request_duration_seconds_count{api="echo",route="default"} 2`,
		`gwproxy_request_duration_seconds_bucket{api="echo",route="default",le="0.5"} `,
		`gwproxy_upstream_errors_total{api="echo",reason="connect-failure",route="default",upstream="echo"} 4`,
		`gwproxy_upstream_retries_total{api="echo",route="default",upstream="echo"} 2`,
		`gwproxy_bundle_info{environment="test",revision="` + p.server.Status().Active.Revision + `",serial="1"} 1`,
		`gwproxy_bundle_refused 0`,
		`gwproxy_insecure_skip_verify 0`,
		`gwproxy_source_last_success_timestamp_seconds 1`,
		`gwproxy_access_log_dropped_total 0`,
		`process_start_time_seconds`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("there is no line %q", line)
		}
	}
	// The routes of another bundle are others.
	other := gateway(t, "http://127.0.0.1:1")
	other.APIs["new"] = other.APIs["echo"]
	delete(other.APIs, "echo")
	p.publish(other)
	metrics = p.get("/metrics").Body
	if strings.Contains(metrics, `api="echo"`) {
		t.Error("series of a route that is gone remain")
	}
	if !strings.Contains(metrics, `gwproxy_requests_total{api="new",route="default",status_class="2xx"} 0`) {
		t.Error("a new route has no series")
	}
	if strings.Count(metrics, "gwproxy_bundle_info{") != 1 {
		t.Error("more than one bundle is in force")
	}
}

func TestUnverifiedUseShowsEverywhere(t *testing.T) {
	backend := echo(t, "one")
	p := start(t, func(o *runtime.Options) { o.Keys, o.InsecureSkipVerify = nil, true })
	p.publish(gateway(t, backend.URL))
	s := p.server.Status()
	if !s.Insecure || s.Active.Verified {
		t.Errorf("status %+v", s)
	}
	if !strings.Contains(p.get("/metrics").Body, "gwproxy_insecure_skip_verify 1") {
		t.Error("the metric does not show it")
	}
	if !strings.Contains(p.log.String(), "not verified") {
		t.Error("the log does not show it")
	}
}

func TestTheAccessLogSaysWhatHappenedAndNoSecret(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) {
		r.Match = &schema.Match{Path: &schema.PathMatch{Prefix: "/api"}}
		r.Rewrite = &schema.Rewrite{Prefix: "/"}
	}))
	p.do("GET", "/api/x?apikey=hunter2", "X-Request-Id: one", "Authorization: Bearer hunter2", "Host: API.example.com")
	got := p.record("one")
	want := map[string]any{
		"id": "one", "client": "127.0.0.1", "method": "GET", "host": "api.example.com", "path": "/api/x", "proto": "HTTP/1.1",
		"listener": "http", "api": "echo", "route": "default", "upstream": "echo", "endpoint": strings.TrimPrefix(backend.URL, "http://"),
		"status": 200.0, "bytes_in": 0.0, "revision": p.server.Status().Active.Revision,
	}
	changing := cmpopts.IgnoreMapEntries(func(k string, _ any) bool { return k == "time" || k == "duration_ms" || k == "bytes" })
	if diff := cmp.Diff(want, got, changing); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
	if got["bytes"].(float64) == 0 || got["duration_ms"].(float64) <= 0 {
		t.Errorf("bytes %v in %v ms", got["bytes"], got["duration_ms"])
	}
	p.halt()
	for name, log := range map[string]string{"access log": p.access.String(), "log": p.log.String()} {
		if strings.Contains(log, "hunter2") {
			t.Errorf("the %s holds a secret", name)
		}
	}
}

// stuck is a log that takes nothing until it is let go.
type stuck struct{ release chan struct{} }

func (s stuck) Write(p []byte) (int, error) {
	<-s.release
	return len(p), nil
}

func TestALogThatIsStuckHoldsNoRequestUp(t *testing.T) {
	backend := serve(t, func(http.ResponseWriter, *http.Request) {})
	log := stuck{make(chan struct{})}
	p := start(t, func(o *runtime.Options) { o.AccessLog = log })
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) {
		r.Backends, r.Respond = nil, &schema.Respond{Status: 204}
	}))
	c := client(t)
	for range 400 { // more than may wait
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url()+"/"+strings.Repeat("a", 5000), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if a := send(t, c, r); a.Status != 204 {
			t.Fatalf("status %d", a.Status)
		}
	}
	if strings.Contains(p.get("/metrics").Body, "gwproxy_access_log_dropped_total 0\n") {
		t.Error("no line was dropped")
	}
	p.halt() // nor the end
	close(log.release)
}

func TestAPanicIsAnAnswer(t *testing.T) {
	var heated atomic.Bool
	p := start(t, func(o *runtime.Options) {
		o.Rand = func() uint64 {
			if heated.Load() {
				panic("out of luck")
			}
			return 4
		}
	})
	p.publish(gateway(t, "http://"+closedPort(t), func(_ *schema.Gateway, r *schema.Route) {
		r.Retry = &schema.Retry{Attempts: 1} // whose wait is random
	}))
	heated.Store(true)
	a := p.do("GET", "/", "X-Request-Id: hot")
	heated.Store(false)
	if a.Status != 500 || !strings.Contains(a.Body, `"instance":"urn:request:hot"`) || strings.Contains(a.Body, "luck") {
		t.Errorf("answer %d %s", a.Status, a.Body)
	}
	if r := p.record("hot"); r["reason"] != "panic" || r["status"] != 500.0 {
		t.Errorf("access log %v", r)
	}
	if !strings.Contains(p.log.String(), "out of luck") {
		t.Error("the log does not say why")
	}
}
