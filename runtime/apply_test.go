package runtime_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema"
)

func TestNoRequestFailsWhileBundlesAreSwapped(t *testing.T) {
	backend := echo(t, "one")
	second := echo(t, "two")
	p := start(t)
	model := func(i int) *schema.Gateway {
		return gateway(t, backend.URL, func(g *schema.Gateway, r *schema.Route) {
			g.Upstreams["two"] = at(t, second.URL)
			if i%3 == 0 {
				delete(g.Upstreams, "two")
			} else {
				r.Backends["two"] = schema.Backend{Weight: i % 7}
			}
			if i%2 == 0 {
				g.Listeners["other"] = schema.Listener{Port: 8081}
			}
			r.Description = fmt.Sprint(i)
		})
	}
	p.publish(model(0))
	url := p.url()
	var stop atomic.Bool
	var served atomic.Int64
	var clients sync.WaitGroup
	for n := range 4 {
		clients.Go(func() {
			c := client(t)
			for !stop.Load() {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/x", strings.NewReader("hello"))
				if err != nil {
					t.Error(err)
					return
				}
				if n == 0 {
					r.Close = true // a new connection a request
				}
				response, err := c.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != 200 || !bytes.Contains(body, []byte(`"Body":"hello"`)) {
					t.Errorf("status %d, %v: %s", response.StatusCode, err, body)
					return
				}
				served.Add(1)
			}
		})
	}
	for i := range 200 {
		p.publish(model(i + 1))
	}
	stop.Store(true)
	clients.Wait()
	if served.Load() < 200 {
		t.Errorf("only %d requests were served meanwhile", served.Load())
	}
	if a := p.get("/metrics"); !strings.Contains(a.Body, "gwproxy_bundle_swaps_total 201") {
		t.Error("the swaps were not counted")
	}
}

func TestABundleThatIsRefusedChangesNothing(t *testing.T) {
	backend := echo(t, "one")
	p := start(t, func(o *runtime.Options) { o.Environment = "test" })
	good := gateway(t, backend.URL)
	p.publish(good)
	active := p.server.Status().Active

	other := *good
	other.Environment = "production"
	broken := gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) {
		r.Match = &schema.Match{Path: &schema.PathMatch{Regex: "("}}
	})
	tampered := p.seal(good)
	tampered[len(tampered)/2] ^= 1
	tests := []struct {
		name   string
		data   []byte
		reason string
	}{
		{"tampered", tampered, ""},
		{"not a bundle", []byte("hello"), ""},
		{"empty", []byte{}, ""},
		{"truncated", p.seal(good)[:100], ""},
		{"signed by somebody else", sealed(t, good, 99, newKey(t)), "unknown-key"},
		{"of another environment", p.seal(&other), "wrong-environment"},
		{"older", sealed(t, good, 0, p.key), "older-serial"},
		{"not servable", sealed(t, broken, 99, p.key), "model"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.publish(good)
			refused := p.refused(test.data)
			if refused.Message == "" || refused.Reason == "" || test.reason != "" && refused.Reason != test.reason {
				t.Errorf("refused for %q: %s", refused.Reason, refused.Message)
			}
			if got := p.server.Status().Active; got.Serial < active.Serial {
				t.Errorf("serving serial %d", got.Serial)
			}
			if a := p.do("GET", "/"); a.Status != 200 {
				t.Errorf("status %d meanwhile", a.Status)
			}
			metrics := p.get("/metrics").Body
			if !strings.Contains(metrics, "gwproxy_bundle_refused 1") ||
				!strings.Contains(metrics, fmt.Sprintf("gwproxy_bundle_refusals_total{reason=%q} ", refused.Reason)) {
				t.Error("the metrics do not show it")
			}
			if a := p.get("/readyz"); a.Status != 200 {
				t.Errorf("readiness %d: the last good one serves", a.Status)
			}
		})
	}
}

func TestARefusalNamesTheUsersLine(t *testing.T) {
	p := start(t)
	got := p.refused(p.seal(gateway(t, "http://127.0.0.1:1", func(_ *schema.Gateway, r *schema.Route) {
		r.Match = &schema.Match{Path: &schema.PathMatch{Regex: "("}}
	})))
	if len(got.Problems) != 1 {
		t.Fatalf("problems %+v", got.Problems)
	}
	problem := got.Problems[0]
	if problem.Position != "gateway.cue:7:3" || problem.Path != "apis.echo.routes.default.match.path.regex" {
		t.Errorf("problem %+v", problem)
	}
	if !strings.Contains(p.log.String(), "gateway.cue:7:3") {
		t.Error("the log does not name the line")
	}
	want := runtime.Refused{Serial: 1, GitRevision: "abc", Origin: "test", Reason: "model"}
	if diff := cmp.Diff(want, *got, cmpopts.IgnoreFields(runtime.Refused{}, "Revision", "Message", "Problems", "At")); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if a := p.get("/readyz"); a.Status != 503 || !strings.Contains(a.Body, "bundle-refused") {
		t.Errorf("readiness %d %s: nothing is served", a.Status, a.Body)
	}
}

func TestAPortInUseIsARefusalUntilItIsFree(t *testing.T) {
	backend := echo(t, "one")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := start(t, func(o *runtime.Options) { o.Listen["other"] = taken.Addr().String() })
	p.publish(gateway(t, backend.URL))
	more := gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) { g.Listeners["other"] = schema.Listener{Port: 8081} })
	refused := p.refused(p.seal(more))
	if refused.Reason != "listen" || len(refused.Problems) != 1 || refused.Problems[0].Path != "listeners.other.port" ||
		!strings.Contains(refused.Message, taken.Addr().String()) || !strings.Contains(refused.Message, "in use") {
		t.Errorf("refused %+v", refused)
	}
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d meanwhile", a.Status)
	}
	taken.Close()
	p.until("the bundle is served once the port is free", func() bool {
		s := p.server.Status()
		return s.Active.Serial == p.serial && s.Refused == nil
	})
	if n := strings.Count(p.log.String(), "bundle refused\""); n != 1 {
		t.Errorf("the refusal was logged %d times", n)
	}
}

func TestTheSameBundleAgainIsNothingNew(t *testing.T) {
	p := start(t)
	g := gateway(t, "http://127.0.0.1:1")
	p.publish(g)
	before := p.server.Status()
	p.refused([]byte("garbage"))
	p.feed <- source.Update{Data: sealed(t, g, p.serial, p.key), Origin: "again"}
	p.until("the refusal is over", func() bool { return p.server.Status().Refused == nil })
	if diff := cmp.Diff(before.Active, p.server.Status().Active); diff != "" {
		t.Errorf("active (-want +got):\n%s", diff)
	}
	if a := p.get("/metrics"); !strings.Contains(a.Body, "gwproxy_bundle_swaps_total 1\n") {
		t.Error("it was swapped in again")
	}
}

// A bundle waits for a port that is taken. Once a newer one is in force nothing of it is left, not even a refusal.
func TestWhatWaitsIsForgottenOnceSomethingNewerServes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := start(t, func(o *runtime.Options) { o.Recheck, o.Listen["other"] = time.Millisecond, taken.Addr().String() })
	g := gateway(t, "http://127.0.0.1:1")
	for range 300 {
		p.refused(p.seal(gateway(t, "http://127.0.0.1:1", func(g *schema.Gateway, _ *schema.Route) {
			g.Listeners["other"] = schema.Listener{Port: 8081}
		})))
		p.publish(g)
		if r := p.server.Status().Refused; r != nil {
			t.Fatalf("refused for %q: %s", r.Reason, r.Message)
		}
	}
	time.Sleep(10 * time.Millisecond)
	if r := p.server.Status().Refused; r != nil {
		t.Fatalf("refused for %q: %s", r.Reason, r.Message)
	}
}

func TestOldListenersFinishWhatTheyBegan(t *testing.T) {
	release := make(chan struct{})
	defer func() { // also when the test fails
		select {
		case <-release:
		default:
			close(release)
		}
	}()
	asked := make(chan struct{}, 1)
	backend := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "done")
	})
	p := start(t)
	p.publish(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) { g.Listeners["other"] = schema.Listener{Port: 8081} }))
	old := p.address("other")
	got := make(chan answer, 1)
	go func() {
		r, err := http.NewRequest(http.MethodGet, "http://"+old, http.NoBody) //nolint:noctx // it outlives nothing
		if err != nil {
			t.Error(err)
		}
		got <- send(t, client(t), r)
	}()
	<-asked
	p.publish(gateway(t, backend.URL))
	p.until("the old port is closed", func() bool {
		c, err := net.Dial("tcp", old)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(release)
	if a := <-got; a.Status != 200 || a.Body != "done" {
		t.Errorf("the request under way ended with %d %q", a.Status, a.Body)
	}
}

func TestADrainFinishesWhatIsUnderWay(t *testing.T) {
	release := make(chan struct{})
	defer func() { // also when the test fails
		select {
		case <-release:
		default:
			close(release)
		}
	}()
	asked := make(chan struct{}, 1)
	backend := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "done")
	})
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := make(chan answer, 1)
	url := p.url()
	go func() {
		r, err := http.NewRequest(http.MethodGet, url, http.NoBody) //nolint:noctx // it outlives nothing
		if err != nil {
			t.Error(err)
		}
		r.Header.Set("X-Request-Id", "last")
		got <- send(t, client(t), r)
	}()
	<-asked
	p.stop()
	p.until("readiness is withdrawn", func() bool {
		a := p.get("/readyz")
		return a.Status == 503 && strings.Contains(a.Body, "draining")
	})
	if a := p.get("/healthz"); a.Status != 200 {
		t.Errorf("liveness %d while it drains", a.Status)
	}
	close(release)
	if a := <-got; a.Status != 200 || a.Body != "done" {
		t.Errorf("the request under way ended with %d %q", a.Status, a.Body)
	}
	p.halt()
	if r := p.record("last"); r["status"] != 200.0 {
		t.Errorf("access log %v", r)
	}
}

func TestADrainEndsInTime(t *testing.T) {
	asked := make(chan struct{})
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	p := start(t, func(o *runtime.Options) { o.DrainTimeout = 100 * time.Millisecond })
	p.publish(gateway(t, backend.URL))
	c, err := net.Dial("tcp", p.address("http"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-asked
	began := time.Now()
	p.halt()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the drain took %v", took)
	}
}
