package jwks_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gwc.dev/runtime/jwks"
)

// kept runs f in a bubble with a directory that holds the keys of an issuer that has the key "a", as a proxy left them
// an hour ago, and the name of their file.
func kept(t *testing.T, f func(t *testing.T, dir, file string, i *issuer)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(ed(t, "a"))
		s := open(dir, i)
		s.Retain([]string{url})
		time.Sleep(time.Second)
		s.Close()
		files, err := filepath.Glob(filepath.Join(dir, "jwks-*.json"))
		if err != nil || len(files) != 1 {
			t.Fatalf("files %v, %v", files, err)
		}
		i.down = true
		time.Sleep(time.Hour)
		f(t, dir, files[0], i)
	})
}

func open(dir string, i *issuer) *jwks.Store {
	return jwks.New(jwks.Options{Client: &http.Client{Transport: i}, Dir: dir})
}

// cold returns what a proxy finds that starts while the issuer is down.
func cold(t *testing.T, dir string, i *issuer) (keys string, status jwks.Status) {
	t.Helper()
	s := open(dir, i)
	defer s.Close()
	s.Retain([]string{url})
	keys = find(t, s, "a")
	return keys, s.Status()[0]
}

func TestAColdStartUsesTheKeysOnDisk(t *testing.T) {
	kept(t, func(t *testing.T, dir, file string, i *issuer) {
		got, status := cold(t, dir, i)
		if got != "1" || status.Keys != 1 || status.Success.IsZero() || time.Since(status.Success) < time.Hour {
			t.Errorf("keys %s, status %+v", got, status)
		}
		i.down, i.delay = false, time.Hour // an issuer that hangs is waited for no more than one that is down
		before := time.Now()
		if got, _ = cold(t, dir, i); got != "1" || time.Since(before) > 0 {
			t.Errorf("keys %s after %v while the issuer hangs", got, time.Since(before))
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	})
}

func TestKeysOnDiskAreUsedUntilTheyAreTooOld(t *testing.T) {
	kept(t, func(t *testing.T, dir, _ string, i *issuer) {
		time.Sleep(22 * time.Hour)
		s := open(dir, i)
		defer s.Close()
		s.Retain([]string{url})
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s after 23 hours", got)
		}
		time.Sleep(time.Hour) // what was old when the proxy started does not begin anew
		if got := find(t, s, "a"); got != "unavailable" {
			t.Errorf("keys %s after 24 hours", got)
		}
		if got, _ := cold(t, dir, i); got != "unavailable" {
			t.Errorf("keys %s for a proxy that starts then", got)
		}
	})
}

func TestTheIssuerCountsForMoreThanTheDisk(t *testing.T) {
	kept(t, func(t *testing.T, dir, file string, i *issuer) {
		i.down, i.body = false, ed(t, "b")
		s := open(dir, i)
		s.Retain([]string{url})
		time.Sleep(time.Second)
		if a, b := find(t, s, "a"), find(t, s, "b"); a != "0" || b != "1" {
			t.Errorf("keys %s and %s, want the issuer's alone", a, b)
		}
		s.Close()
		if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), `"kid":"b"`) || strings.Contains(string(data), `"kid":"a"`) {
			t.Errorf("on disk: %s, %v", data, err)
		}
	})
}

// A file that is not what was written there is not used, and nothing else suffers from it.
func TestAFileThatCannotBeUsedIsIgnored(t *testing.T) {
	edit := func(change func(m map[string]any)) func(t *testing.T, file string) {
		return func(t *testing.T, file string) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]any
			if err := json.Unmarshal(data, &m); err != nil {
				t.Fatal(err)
			}
			change(m)
			if data, err = json.Marshal(m); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(text string) func(t *testing.T, file string) {
		return func(t *testing.T, file string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	breaks := map[string]func(t *testing.T, file string){
		"empty":             text(""),
		"garbage":           text("\x00\x01"),
		"half":              text(`{"format":1,"url":"` + url + `","keys":[{"kty":`),
		"too large":         text(strings.Repeat(" ", 3<<20)),
		"no keys":           edit(func(m map[string]any) { m["keys"] = []any{} }),
		"a private key":     edit(func(m map[string]any) { m["keys"].([]any)[0].(map[string]any)["d"] = "AAAA" }),
		"another URL's":     edit(func(m map[string]any) { m["url"] = "https://evil.test/keys" }),
		"another format":    edit(func(m map[string]any) { m["format"] = 2 }),
		"from the future":   edit(func(m map[string]any) { m["fetched"] = time.Now().Add(time.Hour) }),
		"without a time":    edit(func(m map[string]any) { delete(m, "fetched") }),
		"anybody may write": func(t *testing.T, file string) { must(t, os.Chmod(file, 0o666)) },
		"a link":            func(t *testing.T, file string) { must(t, os.Rename(file, file+"x"), os.Symlink(file+"x", file)) },
		"a pipe":            func(t *testing.T, file string) { must(t, os.Remove(file), syscall.Mkfifo(file, 0o600)) },
		"a directory":       func(t *testing.T, file string) { must(t, os.Remove(file), os.Mkdir(file, 0o700)) },
		"a state that is none": func(t *testing.T, file string) {
			must(t, os.RemoveAll(filepath.Dir(file)), os.WriteFile(filepath.Dir(file), nil, 0o600))
		},
	}
	for name, breakIt := range breaks {
		t.Run(name, func(t *testing.T) {
			kept(t, func(t *testing.T, dir, file string, i *issuer) {
				breakIt(t, file)
				got, status := cold(t, dir, i)
				if got != "unavailable" {
					t.Errorf("keys %s", got)
				}
				if status.DiskErrors == 0 && name != "without a time" { // that is just very old
					t.Errorf("status %+v", status)
				}
				i.down = false
				if got, _ = cold(t, dir, i); got != "1" {
					t.Errorf("keys %s of an issuer that answers", got)
				}
			})
		})
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyPublicKeysReachTheDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		public := ed(t, "a")
		i := newIssuer(strings.Replace(public, `{"keys":[`, `{"note":"hunter2","keys":[{"kty":"OKP","crv":"Ed25519","kid":"p","x":"AAAA","d":"hunter2"},{"kty":"oct","k":"hunter2"},`, 1))
		s := open(dir, i)
		s.Retain([]string{url})
		time.Sleep(time.Second)
		s.Close()
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		data, err := os.ReadFile(files[0])
		if err != nil || strings.Contains(string(data), "hunter2") || !strings.Contains(string(data), `"kid":"a"`) {
			t.Errorf("%s, %v", data, err)
		}
	})
}

// A disk that takes nothing is said, and costs nothing but a cold start. Once it has room the keys are there.
func TestADiskThatTakesNothingHoldsNothingUp(t *testing.T) {
	parent := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(parent, "file", "state")
		must(t, os.WriteFile(filepath.Join(parent, "file"), nil, 0o600))
		i := newIssuer(ed(t, "a"))
		s := open(dir, i)
		defer s.Close()
		s.Retain([]string{url})
		time.Sleep(time.Second)
		if status := s.Status()[0]; find(t, s, "a") != "1" || status.DiskErrors != 2 || !strings.Contains(status.DiskError, "not a directory") {
			t.Errorf("status %+v", status)
		}
		must(t, os.Remove(filepath.Join(parent, "file")))
		time.Sleep(11 * time.Minute)
		if status := s.Status()[0]; status.DiskError != "" {
			t.Errorf("status %+v", status)
		}
		i.set(func() { i.down = true })
		if got, _ := cold(t, dir, i); got != "1" {
			t.Errorf("keys %s after the disk has room again", got)
		}
	})
}

// Proxies share a directory: whoever starts finds one's keys or the other's, whole, and a newer set is not replaced by
// an older one.
func TestTwoProxiesShareADirectory(t *testing.T) {
	dir := t.TempDir()
	keys := []string{ed(t, "a", "b"), ed(t, "a")}
	var work sync.WaitGroup
	for n := range 2 {
		work.Go(func() {
			for range 30 {
				i := newIssuer(keys[n])
				s := open(dir, i)
				s.Retain([]string{url})
				if got := find(t, s, "a"); got != "1" {
					t.Errorf("keys %s", got)
				}
				s.Close()
				if status := s.Status()[0]; status.DiskErrors > 0 {
					t.Errorf("status %+v", status)
				}
			}
		})
	}
	work.Wait()
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("the directory holds %v", entries)
	}
}

func TestWhatIsOfNoUseIsRemoved(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{
		".jwks-a.json.CUT": 2 * time.Hour, ".jwks-b.json.NOW": 0, "jwks-old.json": 26 * time.Hour, "jwks-new.json": 23 * time.Hour,
		"last-good.bundle": 100 * time.Hour,
	} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)))
	}
	jwks.New(jwks.Options{Dir: dir}).Close()
	entries, _ := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if want := []string{".jwks-b.json.NOW", "jwks-new.json", "last-good.bundle"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
