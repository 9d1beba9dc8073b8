package runtime_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema/bundle"
)

func TestARestartServesWithoutTheSource(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	state := func(o *runtime.Options) { o.StateDir = filepath.Join(dir, "state") }
	p := start(t, state)
	p.publish(gateway(t, backend.URL))
	first := p.seal(gateway(t, backend.URL))
	p.publish(gateway(t, backend.URL))
	p.until("the bundle is on disk", func() bool {
		s := p.server.Status()
		files, _ := os.ReadDir(filepath.Join(dir, "state"))
		return s.StateError == "" && len(files) == 2
	})
	p.halt()

	// What a crash in the middle of a write leaves.
	writeFile(t, filepath.Join(dir, "state", ".last-good.bundle.ABCDEFGH"), "half a bun")

	again := start(t, state, func(o *runtime.Options) { o.Keys = []bundle.PublicKey{p.key.Public()} })
	again.until("the last good bundle is served", func() bool { return again.server.Status().Active != nil })
	active := again.server.Status().Active
	if active.Serial != p.serial || !active.Verified || !strings.HasPrefix(active.Origin, "state:") {
		t.Errorf("active %+v", active)
	}
	if a := again.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
	if r := again.refused(first); r.Reason != "older-serial" {
		t.Errorf("after a restart an older bundle is refused for %q", r.Reason)
	}
}

func TestAStateThatIsNotTrustedIsNotServed(t *testing.T) {
	dir := t.TempDir()
	g := gateway(t, "http://127.0.0.1:1")
	for name, data := range map[string][]byte{
		"by another key": sealed(t, g, 5, newKey(t)),
		"damaged":        []byte("PK"),
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, filepath.Join(dir, "last-good.bundle"), string(data))
			p := start(t, func(o *runtime.Options) { o.StateDir = dir })
			p.until("it is refused", func() bool { return p.server.Status().Refused != nil })
			if p.server.Status().Active != nil {
				t.Error("it is served")
			}
			p.publish(g)
		})
	}
}

func TestAStateDirectoryThatCannotBeWrittenIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "not a directory")
	p := start(t, func(o *runtime.Options) { o.StateDir = filepath.Join(file, "state") })
	p.publish(gateway(t, "http://127.0.0.1:1"))
	p.until("the status says so", func() bool { return strings.Contains(p.server.Status().StateError, "not a directory") })

	if err := os.Remove(file); err != nil { // as a disk that was full has room again
		t.Fatal(err)
	}
	p.until("the bundle is kept after all", func() bool { return p.server.Status().StateError == "" })
	if kept, _ := filepath.Glob(filepath.Join(file, "state", "last-good.*.bundle")); len(kept) != 1 {
		t.Errorf("kept %v", kept)
	}
}

func TestAStateThatIsNoFileHoldsNothingUp(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "last-good.bundle"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, func(o *runtime.Options) { o.StateDir = dir })
	p.publish(gateway(t, "http://127.0.0.1:1"))
	p.until("the bundle is kept beside it", func() bool {
		kept, _ := filepath.Glob(filepath.Join(dir, "last-good.1.*.bundle"))
		return len(kept) == 1 && p.server.Status().StateError == ""
	})
}

func TestWhatCrashesLeftBehindIsRemovedInTime(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".last-good.bundle.OLD": 2 * time.Hour, ".last-good.bundle.NEW": 0, "other": 2 * time.Hour} {
		path := filepath.Join(dir, name)
		writeFile(t, path, "half a bun")
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, func(o *runtime.Options) { o.StateDir = dir })
	p.publish(gateway(t, "http://127.0.0.1:1"))
	p.until("the bundle is on disk", func() bool {
		kept, _ := filepath.Glob(filepath.Join(dir, "last-good.1.*.bundle"))
		return len(kept) == 1
	})
	var got []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, "last-good.1.") {
			name = "last-good.1"
		}
		got = append(got, name)
	}
	// The other one may be another proxy's, which is writing it now.
	if diff := cmp.Diff([]string{".last-good.bundle.NEW", "last-good.1", "other"}, got); diff != "" {
		t.Errorf("state directory (-want +got):\n%s", diff)
	}
}

func TestADamagedStateIsPassedOverForTheOneBefore(t *testing.T) {
	backend := echo(t, "one")
	dir := t.TempDir()
	p := start(t, func(o *runtime.Options) { o.StateDir = dir })
	p.publish(gateway(t, backend.URL))
	p.publish(gateway(t, backend.URL))
	newest := ""
	p.until("both are on disk", func() bool {
		kept, _ := filepath.Glob(filepath.Join(dir, "last-good.2.*.bundle"))
		if len(kept) == 1 {
			newest = kept[0]
		}
		return newest != ""
	})
	p.halt()
	must(t, os.Truncate(newest, 100))
	again := start(t, func(o *runtime.Options) {
		o.StateDir, o.Keys, o.Recheck = dir, []bundle.PublicKey{p.key.Public()}, time.Hour
	})
	again.until("the one before is served", func() bool { return again.server.Status().Active != nil })
	s := again.server.Status()
	if s.Active.Serial != 1 || s.Refused != nil || !strings.Contains(s.StateError, newest) {
		t.Errorf("status %+v", s)
	}
	if !strings.Contains(again.get("/metrics").Body, `gwproxy_bundle_refusals_total{reason="state-damaged"} 1`) || !strings.Contains(again.log.String(), "state-damaged") {
		t.Error("neither metric nor log show it")
	}
	if a := again.do("GET", "/"); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}

func TestABundleThatIsSignedAgainIsKeptWithTheNewSignature(t *testing.T) {
	next := newKey(t)
	dir := t.TempDir()
	p := start(t, func(o *runtime.Options) { o.StateDir, o.Keys = dir, append(o.Keys, next.Public()) })
	g := gateway(t, "http://127.0.0.1:1")
	p.publish(g)
	p.feed <- source.Update{Data: sealed(t, g, p.serial, next), Origin: "again"}
	p.until("the new key vouches for it", func() bool { return p.server.Status().Active.KeyID == next.Public().ID() })
	if a := p.get("/metrics"); !strings.Contains(a.Body, "gwproxy_bundle_swaps_total 1\n") {
		t.Error("it was swapped in again")
	}
	p.halt()

	again := start(t, func(o *runtime.Options) { o.StateDir, o.Keys = dir, []bundle.PublicKey{next.Public()} })
	again.until("the last good bundle is served", func() bool { return again.server.Status().Active != nil })
}
