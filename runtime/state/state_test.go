package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/state"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/atomic"
	"gwc.dev/schema/bundle/key"
)

// A signer seals bundles that trust admits.
type signer struct {
	t     testing.TB
	key   *key.Private
	trust bundle.Trust
}

func newSigner(t testing.TB) signer {
	t.Helper()
	k, err := key.Generate(key.Ed25519)
	must(t, err)
	return signer{t, k, bundle.Trust{Keys: []bundle.PublicKey{k.Public()}}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s signer) seal(environment string, serial uint64) (*bundle.Bundle, []byte) {
	s.t.Helper()
	b, data, err := sealed(s.key, environment, serial)
	must(s.t, err)
	return b, data
}

func sealed(k *key.Private, environment string, serial uint64) (*bundle.Bundle, []byte, error) {
	g := &schema.Gateway{
		Environment: environment, Listeners: map[string]schema.Listener{"http": {Port: 8080}},
		APIs: map[string]schema.API{"hello": {Routes: map[string]schema.Route{"all": {Respond: &schema.Respond{Body: fmt.Sprint(serial)}}}}},
	}
	data, err := bundle.Seal(bundle.Contents{Environment: environment, Serial: serial, Gateway: g.Resolve()}, k)
	if err != nil {
		return nil, nil, err
	}
	b, err := bundle.Open(data, bundle.Trust{Keys: []bundle.PublicKey{k.Public()}})
	return b, data, err
}

func (s signer) keep(d *state.Dir, environment string, serial uint64) []byte {
	s.t.Helper()
	b, data := s.seal(environment, serial)
	must(s.t, d.Keep(b, data, s.trust))
	return data
}

// restored fails the test unless a proxy that starts now would serve data.
func (s signer) restored(dir, environment string, data []byte) state.Restored {
	s.t.Helper()
	trust := s.trust
	trust.Environment = environment
	got, err := state.Open(dir).Restore(trust)
	must(s.t, err)
	if !bytes.Equal(got.Data, data) {
		s.t.Errorf("restored %q, passing over %v", got.Path, got.Passed)
	}
	return got
}

// serials lists what a directory holds, by the serial in the names.
func serials(t testing.TB, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		name := strings.Split(e.Name(), ".")
		if len(name) != 4 || name[0] != "last-good" || name[3] != "bundle" {
			out = append(out, e.Name())
			continue
		}
		out = append(out, name[1])
	}
	return out
}

// damage changes the file of a serial.
func damage(t testing.TB, dir string, serial int, how func([]byte) []byte) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("last-good.%d.*", serial)))
	must(t, err)
	data, err := os.ReadFile(found[0])
	must(t, err)
	must(t, os.WriteFile(found[0], how(data), 0o600))
}

func TestTheTwoNewestAreKept(t *testing.T) {
	s, dir := newSigner(t), filepath.Join(t.TempDir(), "state")
	d := state.Open(dir)
	var last []byte
	for serial := range uint64(12) {
		last = s.keep(d, "test", serial+1)
	}
	if diff := cmp.Diff([]string{"11", "12"}, serials(t, dir)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if got := s.restored(dir, "test", last); len(got.Passed) > 0 || time.Since(got.Confirmed) > time.Minute {
		t.Errorf("restored %+v", got)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info.Mode(), err)
	}
}

func TestAnEmptyDirectoryOrNoneIsNoError(t *testing.T) {
	s := newSigner(t)
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		s.restored(dir, "", nil)
	}
}

func TestADamagedFileIsPassedOverForTheOneBefore(t *testing.T) {
	for name, how := range map[string]func([]byte) []byte{
		"empty":           func([]byte) []byte { return nil },
		"torn":            func(b []byte) []byte { return b[:len(b)/2] },
		"torn at the end": func(b []byte) []byte { return b[:len(b)-1] },
		"a bit":           func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"zeros":           func(b []byte) []byte { return make([]byte, len(b)) },
		"more":            func(b []byte) []byte { return append(b, 'x') },
		"no bundle":       func([]byte) []byte { return []byte("hello") },
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newSigner(t), t.TempDir()
			d := state.Open(dir)
			good := s.keep(d, "test", 41)
			s.keep(d, "test", 42)
			damage(t, dir, 42, how)
			got := s.restored(dir, "test", good)
			if len(got.Passed) != 1 || got.Passed[0].Reason != state.Damaged || got.Passed[0].Err == nil {
				t.Fatalf("passed over %+v", got.Passed)
			}
			// The next one puts the directory in order again.
			last := s.keep(state.Open(dir), "test", 43)
			if diff := cmp.Diff([]string{"41", "43"}, serials(t, dir)); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			s.restored(dir, "test", last)
		})
	}
}

func TestWhatIsNotTrustedIsNotRestoredAndNotRemoved(t *testing.T) {
	s, other, dir := newSigner(t), newSigner(t), t.TempDir()
	theirs := other.keep(state.Open(dir), "test", 9)
	ours := s.keep(state.Open(dir), "test", 7)
	got := s.restored(dir, "test", ours)
	if len(got.Passed) != 1 || got.Passed[0].Reason != "unknown-key" {
		t.Errorf("passed over %+v", got.Passed)
	}
	s.keep(state.Open(dir), "test", 8)
	s.keep(state.Open(dir), "test", 10)
	other.restored(dir, "test", theirs)
}

// TestWhatCannotBeReadIsNotRemoved has two proxies use a directory, of which one may not read what the other wrote, as where
// each is a user of its own. It is nobody's to say that this is damaged.
func TestWhatCannotBeReadIsNotRemoved(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	theirs := s.keep(state.Open(dir), "test", 7)
	guest := func() *state.Dir {
		d := state.Open(dir)
		d.SetRead(func(path string) ([]byte, error) {
			if strings.Contains(path, "last-good.7.") {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
			}
			return os.ReadFile(path)
		})
		return d
	}
	ours := s.keep(guest(), "test", 5)
	got, err := guest().Restore(s.trust)
	must(t, err)
	if !bytes.Equal(got.Data, ours) || len(got.Passed) != 1 || got.Passed[0].Reason != state.Unreadable || !errors.Is(got.Passed[0].Err, fs.ErrPermission) {
		t.Errorf("restored %q, passing over %+v", got.Path, got.Passed)
	}
	full := guest()
	full.SetWrite((&disk{}).write)
	b, data := s.seal("test", 6)
	if err := full.Keep(b, data, s.trust); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	s.restored(dir, "test", theirs)
	s.keep(guest(), "test", 8)
	if diff := cmp.Diff([]string{"5", "7", "8"}, serials(t, dir)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestANewerOneOfAnotherProxyStays(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	ahead, behind := state.Open(dir), state.Open(dir)
	s.keep(behind, "test", 4)
	s.keep(ahead, "test", 6)
	newest := s.keep(ahead, "test", 7)
	s.keep(behind, "test", 5)
	if diff := cmp.Diff([]string{"6", "7"}, serials(t, dir)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	s.restored(dir, "test", newest)
}

func TestEnvironmentsShareADirectoryAndAreNotMixedUp(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	staging, production := state.Open(dir), state.Open(dir)
	var want [2][]byte
	for serial := range uint64(4) {
		want[0] = s.keep(staging, "staging", 100+serial)
		want[1] = s.keep(production, "production", 1+serial)
	}
	s.restored(dir, "staging", want[0])
	s.restored(dir, "production", want[1])
	if diff := cmp.Diff([]string{"102", "103", "3", "4"}, serials(t, dir)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if got, err := state.Open(dir).Restore(s.trust); err == nil || got.Path != "" || !strings.Contains(err.Error(), `"staging" and "production"`) {
		t.Errorf("without an environment: %q, %v", got.Path, err)
	}
}

// A proxy of before kept one file, under one name.
func TestTheFileOfABeforeIsRestored(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	_, data := s.seal("test", 3)
	must(t, os.WriteFile(filepath.Join(dir, "last-good.bundle"), data, 0o600))
	s.restored(dir, "test", data)
	s.keep(state.Open(dir), "test", 4)
	last := s.keep(state.Open(dir), "test", 5)
	if diff := cmp.Diff([]string{"4", "5"}, serials(t, dir)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	s.restored(dir, "test", last)
}

func TestAPipeOrADirectoryHoldsNothingUp(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	must(t, syscall.Mkfifo(filepath.Join(dir, "last-good.99.x.bundle"), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "last-good.98.x.bundle"), 0o700))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "last-good.97.x.bundle")))
	good := s.keep(state.Open(dir), "test", 1)
	s.restored(dir, "test", good)
}

// A disk has room for so many bytes, and says so as a full one does.
type disk struct{ left int }

func (d *disk) write(path string, data []byte, perm fs.FileMode) error {
	if d.left -= len(data); d.left < 0 {
		d.left += len(data)
		return fmt.Errorf("writing %q: %w", path, syscall.ENOSPC)
	}
	return atomic.WriteFile(path, data, perm)
}

func TestAFullDiskLosesNothingNewer(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	d := state.Open(dir)
	s.keep(d, "test", 1)
	good := s.keep(d, "test", 2)
	full := &disk{}
	d.SetWrite(full.write)
	b, data := s.seal("test", 3)
	if err := d.Keep(b, data, s.trust); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	s.restored(dir, "test", good)
	if diff := cmp.Diff([]string{"2"}, serials(t, dir)); diff != "" { // the older one went to make room
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	full.left = len(data)
	must(t, d.Keep(b, data, s.trust))
	s.restored(dir, "test", data)
}

func TestWhatWasCutOffIsSweptInTime(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	good := s.keep(state.Open(dir), "test", 1)
	for name, age := range map[string]time.Duration{".last-good.2.x.bundle.OLD": time.Hour, ".last-good.2.x.bundle.NEW": 0} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte("half a bun"), 0o600))
		at := time.Now().Add(-age)
		must(t, os.Chtimes(path, at, at))
	}
	state.Open(dir).Sweep(time.Now())
	if diff := cmp.Diff([]string{".last-good.2.x.bundle.NEW", "1"}, serials(t, dir)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	s.restored(dir, "test", good)
}

func TestAConfirmationOutlivesTheProcess(t *testing.T) {
	s, dir := newSigner(t), t.TempDir()
	d := state.Open(dir)
	b, data := s.seal("test", 1)
	must(t, d.Keep(b, data, s.trust))
	at := time.Now().Add(-3 * time.Hour).Truncate(time.Second)
	d.Confirm(b, at)
	if got := s.restored(dir, "test", data); !got.Confirmed.Equal(at) {
		t.Errorf("confirmed at %v, want %v", got.Confirmed, at)
	}
	s.keep(d, "test", 2)
}
