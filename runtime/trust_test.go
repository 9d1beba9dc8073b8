package runtime_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema/bundle/key"
)

// noon is when tests of trust begin.
var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// A clock is set by tests.
type clock struct{ atomic.Pointer[time.Time] }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.set(at)
	return c
}

func (c *clock) set(at time.Time) { c.Store(&at) }
func (c *clock) now() time.Time   { return *c.Load() }

// document is a trust document of keys in PEM, each with a time when it expires; "" is never.
func document(keys map[string]string) string {
	text := "keys:\n"
	for pem, expires := range keys {
		text += fmt.Sprintf("  - pem: %q\n", pem)
		if expires != "" {
			text += "    expires: " + expires + "\n"
		}
	}
	return text
}

func publicPEM(k *key.Private) string { return string(k.Public().Marshal()) }

// trusts starts a proxy that trusts a file of which the text is, and returns the file.
func trusts(t *testing.T, text string, change ...func(*runtime.Options)) (p *proxy, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "trust.yaml")
	writeFile(t, file, text)
	return start(t, append(change, func(o *runtime.Options) { o.Keys, o.TrustFiles = nil, []string{file} })...), file
}

// TestKeysFollowOneAnotherWithoutARestart rotates a key as the documentation says, and holds that a bundle which is there
// before its key is trusted waits for it.
func TestKeysFollowOneAnotherWithoutARestart(t *testing.T) {
	old, next := newKey(t), newKey(t)
	p, file := trusts(t, string(old.Public().Marshal()))
	g := gateway(t, "http://127.0.0.1:1")
	p.key = old
	p.publish(g)

	p.key = next
	early := p.seal(g)
	if r := p.refused(early); r.Reason != "unknown-key" {
		t.Errorf("refused for %q: %s", r.Reason, r.Message)
	}
	replace(t, file, document(map[string]string{publicPEM(old): "2099-01-01", publicPEM(next): ""}))
	p.until("the bundle is taken that waited for its key", func() bool {
		s := p.server.Status()
		return s.Refused == nil && s.Active.KeyID == next.Public().ID()
	})
	p.key = old
	p.publish(g) // both are trusted

	p.key = next
	p.publish(g)
	replace(t, file, document(map[string]string{publicPEM(next): ""}))
	p.until("one key is trusted", func() bool { return len(p.server.Status().Trust.Trusted) == 1 })
	p.key = old
	if r := p.refused(p.seal(g)); r.Reason != "unknown-key" {
		t.Errorf("refused for %q: %s", r.Reason, r.Message)
	}
}

// replace swaps a file as Kubernetes does: in one step.
func replace(t *testing.T, file, text string) {
	t.Helper()
	writeFile(t, file+".new", text)
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasTakenOutlivesTheTrustInItsKey holds the rule for ends of trust: new bundles are refused, what serves goes on
// serving, and so does what is on disk after a restart, which also remembers how far the serials had come.
func TestWhatWasTakenOutlivesTheTrustInItsKey(t *testing.T) {
	old, next := newKey(t), newKey(t)
	at := newClock(noon)
	state := t.TempDir()
	options := func(o *runtime.Options) { o.Clock, o.StateDir = at.now, state }
	text := document(map[string]string{publicPEM(old): "2027-03-01", publicPEM(next): ""})
	p, _ := trusts(t, text, options)
	g := gateway(t, echo(t, "one").URL)
	p.key = old
	p.publish(g)
	served := sealed(t, g, p.serial, old)
	if a := p.get("/metrics"); !strings.Contains(a.Body, fmt.Sprintf(`gwproxy_trust_expiry_timestamp_seconds{signer="key %s"} 1.8039456e+09`, old.Public().ID())) {
		t.Errorf("the end of trust is not in the metrics:\n%s", a.Body)
	}

	at.set(noon.Add(12 * time.Hour))
	r := p.refused(p.seal(g))
	if r.Reason != "expired-trust" || !strings.Contains(r.Message, "was trusted until 2027-03-02T00:00:00Z") {
		t.Errorf("refused for %q: %s", r.Reason, r.Message)
	}
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
	if a := p.get("/metrics"); !strings.Contains(a.Body, `gwproxy_bundle_refusals_total{reason="expired-trust"} 1`) {
		t.Error("the refusal is not in the metrics")
	}
	p.halt()

	again, _ := trusts(t, text, options)
	again.until("what is on disk is served", func() bool { return again.server.Status().Active != nil })
	again.feed <- source.Update{Data: served, Origin: "the source still has it"}
	again.until("the source is heard", func() bool { return again.server.Status().Source.LastChecked != nil })
	if s := again.server.Status(); s.Refused != nil {
		t.Errorf("the bundle in force is refused: %+v", s.Refused)
	}
	again.key, again.serial = next, 0
	if r := again.refused(again.seal(gateway(t, "http://127.0.0.1:1"))); r.Reason != "serial-reused" {
		t.Errorf("refused for %q: %s", r.Reason, r.Message)
	}
	again.halt()

	// Without anything on disk it is a new bundle like any other.
	fresh, _ := trusts(t, text, func(o *runtime.Options) { o.Clock = at.now })
	if r := fresh.refused(served); r.Reason != "expired-trust" {
		t.Errorf("refused for %q: %s", r.Reason, r.Message)
	}
}

// TestAClockThatWasWrongRefusesNothingForGood has a proxy start with a clock that is years ahead, as a machine may whose clock is set
// from the network some time later.
func TestAClockThatWasWrongRefusesNothingForGood(t *testing.T) {
	k, at := newKey(t), newClock(noon.AddDate(50, 0, 0))
	p, _ := trusts(t, document(map[string]string{publicPEM(k): "2027-03-01"}), func(o *runtime.Options) { o.Clock = at.now })
	p.key = k
	if r := p.refused(p.seal(gateway(t, echo(t, "one").URL))); r.Reason != "expired-trust" {
		t.Errorf("refused for %q: %s", r.Reason, r.Message)
	}
	at.set(noon)
	p.until("the bundle is served", func() bool { s := p.server.Status(); return s.Active != nil && s.Refused == nil })
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}

// TestAKeyThatIsTakenBackIsSaid holds that a bundle goes on serving whose key is removed, with a warning, and that a
// restart does not serve it.
func TestAKeyThatIsTakenBackIsSaid(t *testing.T) {
	old, next := newKey(t), newKey(t)
	state := t.TempDir()
	options := func(o *runtime.Options) { o.StateDir = state }
	p, file := trusts(t, string(old.Public().Marshal()), options)
	p.key = old
	p.publish(gateway(t, echo(t, "one").URL))
	replace(t, file, string(next.Public().Marshal()))
	p.until("there is a warning", func() bool { return p.server.Status().Trust.Warning != "" })
	if a := p.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
	p.halt()
	again, _ := trusts(t, string(next.Public().Marshal()), options)
	again.until("it is refused", func() bool { r := again.server.Status().Refused; return r != nil && r.Reason == "unknown-key" })
	if again.server.Status().Active != nil {
		t.Error("it is served")
	}
}

// TestADamagedTrustFileChangesNothing holds that trust is replaced by what can be read, and by nothing else.
func TestADamagedTrustFileChangesNothing(t *testing.T) {
	k := newKey(t)
	p, file := trusts(t, string(k.Public().Marshal()))
	p.key = k
	g := gateway(t, "http://127.0.0.1:1")
	p.publish(g)
	for name, spoil := range map[string]func(){
		"garbage": func() { replace(t, file, "keys: [") },
		"nobody":  func() { replace(t, file, "keys: []") },
		"gone":    func() { _ = os.Remove(file) },
	} {
		spoil()
		p.until("the status says so: "+name, func() bool { return p.server.Status().Trust.Error != "" })
		p.publish(g)
		replace(t, file, string(k.Public().Marshal()))
		p.until("the status is clean again", func() bool { return p.server.Status().Trust.Error == "" })
	}
}

func TestTrustThatCannotBeReadIsNoStart(t *testing.T) {
	_, err := runtime.New(runtime.Options{Bundles: make(feed), TrustFiles: []string{"none.yaml"}})
	if err == nil || err.Error() != `reading trust "none.yaml": no such file or directory` {
		t.Errorf("error %v", err)
	}
}
