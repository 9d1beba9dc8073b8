package runtime_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

func TestWhatNoSourceConfirmsIsStaleAndServed(t *testing.T) {
	backend := echo(t, "one")
	c := newClock(noon)
	p := start(t, func(o *runtime.Options) { o.Clock, o.MaxStaleness = c.now, 10*time.Minute })
	p.publish(gateway(t, backend.URL))
	c.set(c.now().Add(9 * time.Minute))
	if s := p.server.Status(); s.Source.Stale || s.Source.LastConfirmed == nil || s.Source.MaxStaleness != "10m0s" {
		t.Errorf("status %+v", s.Source)
	}
	c.set(c.now().Add(2 * time.Minute))
	p.feed <- source.Update{Err: errors.New("no route to host")}
	p.until("the log says so", func() bool { return strings.Contains(p.log.String(), "what is served is stale") })
	if s := p.server.Status(); !s.Source.Stale || !s.Ready {
		t.Errorf("status %+v", s)
	}
	if !strings.Contains(p.get("/metrics").Body, "gwproxy_bundle_stale 1\n") {
		t.Error("the metric does not show it")
	}
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
	if a := p.get("/readyz"); a.Status != 200 {
		t.Errorf("readiness %d without --unready-when-stale", a.Status)
	}
	p.feed <- source.Update{}
	p.until("it is confirmed", func() bool { return !p.server.Status().Source.Stale })
	p.until("the log says so", func() bool { return strings.Contains(p.log.String(), "confirmed again") })
	if !strings.Contains(p.get("/metrics").Body, "gwproxy_bundle_stale 0\n") {
		t.Error("the metric still shows it")
	}
}

func TestReadinessIsWithdrawnWhileStaleIfAsked(t *testing.T) {
	backend := echo(t, "one")
	c := newClock(noon)
	p := start(t, func(o *runtime.Options) { o.Clock, o.MaxStaleness, o.UnreadyWhenStale = c.now, time.Minute, true })
	p.publish(gateway(t, backend.URL))
	c.set(c.now().Add(2 * time.Minute))
	if a := p.get("/readyz"); a.Status != 503 || !strings.Contains(a.Body, `"stale"`) || !strings.Contains(a.Body, "1m0s") {
		t.Errorf("readiness %d %s", a.Status, a.Body)
	}
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
	p.feed <- source.Update{}
	p.until("it is ready", func() bool { return p.get("/readyz").Status == 200 })
}

// The source answers, and has another bundle: one that is refused.
func TestARefusedBundleConfirmsNothing(t *testing.T) {
	c := newClock(noon)
	p := start(t, func(o *runtime.Options) { o.Clock, o.MaxStaleness = c.now, time.Minute })
	g := gateway(t, "http://127.0.0.1:1")
	p.publish(g)
	p.refused([]byte("garbage"))
	c.set(c.now().Add(2 * time.Minute))
	p.feed <- source.Update{}
	p.feed <- source.Update{} // the one before was dealt with
	if !p.server.Status().Source.Stale {
		t.Error("it is not stale")
	}
	p.publish(g)
	p.until("it is confirmed", func() bool { return !p.server.Status().Source.Stale })
}

func TestWhatCannotChangeIsNeverStale(t *testing.T) {
	c := newClock(noon)
	p := start(t, func(o *runtime.Options) { o.Clock, o.MaxStaleness = c.now, time.Minute })
	p.feed <- source.Update{Data: p.seal(gateway(t, "http://127.0.0.1:1")), Origin: "oci://example.com/gateway@sha256:00", Final: true}
	p.until("it is served", func() bool { return p.server.Status().Active != nil && p.server.Status().Source.LastConfirmed != nil })
	c.set(c.now().Add(time.Hour))
	if p.server.Status().Source.Stale {
		t.Error("it is stale")
	}
}

// withoutAPort returns a proxy that cannot open listener "other" as long as another has its port.
func withoutAPort(t *testing.T) (*proxy, *clock, net.Listener) {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { taken.Close() })
	c := newClock(noon)
	p := start(t, func(o *runtime.Options) {
		o.Clock, o.MaxStaleness, o.Listen["other"] = c.now, time.Minute, taken.Addr().String()
	})
	return p, c, taken
}

// It is read once, refused for a port in use, and tried again without another look.
func TestWhatIsServedAfterItsOnlyLookIsNeverStale(t *testing.T) {
	p, c, taken := withoutAPort(t)
	data := p.seal(gateway(t, "http://127.0.0.1:1", func(g *schema.Gateway, _ *schema.Route) { g.Listeners["other"] = schema.Listener{Port: 8081} }))
	p.feed <- source.Update{Data: data, Origin: "oci://example.com/gateway@sha256:00", Final: true}
	p.until("it is refused", func() bool { return p.server.Status().Refused != nil })
	taken.Close()
	p.until("it is served", func() bool { return p.server.Status().Active != nil })
	c.set(c.now().Add(time.Hour))
	if p.server.Status().Source.Stale {
		t.Error("it is stale")
	}
}

// What was refused for a port in use comes in force when that is free: the source had it when it was last read.
func TestWhatComesInForceLaterIsAsOldAsTheLookThatFoundIt(t *testing.T) {
	p, c, taken := withoutAPort(t)
	p.publish(gateway(t, "http://127.0.0.1:1"))
	c.set(c.now().Add(time.Hour))
	p.feed <- source.Update{Data: p.seal(gateway(t, "http://127.0.0.1:1", func(g *schema.Gateway, _ *schema.Route) { g.Listeners["other"] = schema.Listener{Port: 8081} }))}
	serial := p.serial
	p.until("it is refused", func() bool { return p.server.Status().Refused != nil })
	if !p.server.Status().Source.Stale {
		t.Error("what was there before is not stale")
	}
	taken.Close()
	p.until("it is served", func() bool { return p.server.Status().Active.Serial == serial })
	p.until("it is as fresh as that", func() bool { return !p.server.Status().Source.Stale })
}

// How old it is does not begin anew with a restart.
func TestARestartRemembersWhenItWasConfirmed(t *testing.T) {
	dir := t.TempDir()
	p := start(t, func(o *runtime.Options) { o.StateDir = dir })
	p.publish(gateway(t, "http://127.0.0.1:1"))
	var kept []string
	p.until("it is kept", func() bool {
		kept, _ = filepath.Glob(filepath.Join(dir, "last-good.*"))
		return len(kept) == 1
	})
	p.halt()
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	must(t, os.Chtimes(kept[0], at, at))
	again := start(t, func(o *runtime.Options) {
		o.StateDir, o.Keys, o.MaxStaleness = dir, []bundle.PublicKey{p.key.Public()}, 10*time.Minute
	})
	var first runtime.Status
	again.until("it is served", func() bool {
		first = again.server.Status()
		return first.Active != nil
	})
	if !first.Source.Stale {
		t.Error("it is not stale from its first moment")
	}
	if got := first.Source.LastConfirmed; got == nil || !got.Equal(at) {
		t.Errorf("confirmed at %v, want %v", got, at)
	}
}
