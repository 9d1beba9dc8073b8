package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/jwks"
)

const url = "https://issuer.test/keys"

// An issuer answers requests without a network, so that time in a test is synctest's.
type issuer struct {
	mu     sync.Mutex
	status int
	body   string
	header http.Header
	delay  time.Duration
	down   bool
	// answerFirst says that an answer holds the keys from before the delay.
	answerFirst bool
	fetches     []time.Duration // when, since the start
	start       time.Time
}

func newIssuer(body string) *issuer {
	return &issuer{status: 200, body: body, header: http.Header{}, start: time.Now()}
}

func (i *issuer) set(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
}

func (i *issuer) times() []time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]time.Duration(nil), i.fetches...)
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.fetches = append(i.fetches, time.Since(i.start))
	delay, body := i.delay, i.body
	i.mu.Unlock()
	if delay > 0 { // two goroutines of a bubble that receive from timers which are over crash the race detector (Go 1.26)
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.down {
		return nil, errors.New("connection refused")
	}
	if !i.answerFirst {
		body = i.body
	}
	return &http.Response{
		StatusCode: i.status, Header: i.header.Clone(), Request: r, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func ed(t *testing.T, kids ...string) string {
	var keys [][]byte
	for _, kid := range kids {
		keys = append(keys, jwk(t, jose.JSONWebKey{Key: edKey(t), KeyID: kid}))
	}
	var raw []string
	for _, k := range keys {
		raw = append(raw, string(k))
	}
	return `{"keys":[` + strings.Join(raw, ",") + `]}`
}

// run runs f in a bubble with a store whose issuer has the key "a".
func run(t *testing.T, f func(t *testing.T, s *jwks.Store, i *issuer)) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(ed(t, "a"))
		s := jwks.New(jwks.Options{Client: &http.Client{Transport: i}})
		defer s.Close()
		f(t, s, i)
	})
}

func find(t *testing.T, s *jwks.Store, kid string) string {
	t.Helper()
	set, err := s.Remote(url).Having(t.Context(), kid, "EdDSA")
	switch {
	case errors.Is(err, jwks.ErrUnavailable):
		return "unavailable"
	case err != nil:
		t.Fatal(err)
	}
	return fmt.Sprint(len(set.Find(kid, "EdDSA")))
}

func TestRetainFetchesAhead(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		synctest.Wait()
		if n := len(i.times()); n != 1 {
			t.Fatalf("%d fetches before the first request, want 1", n)
		}
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s, want 1", got)
		}
	})
}

func TestTheFirstRequestFetchesWhatNobodyRetained(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s, want 1", got)
		}
	})
}

func TestKeysAreRefreshed(t *testing.T) {
	tests := []struct {
		control string
		want    time.Duration
	}{
		{"", 10 * time.Minute},
		{"max-age=300", 5 * time.Minute},
		{"public, Max-Age=\"300\"", 5 * time.Minute},
		{"max-age=1", time.Minute},
		{"max-age=99999999999", time.Hour},
		{"max-age=x", time.Minute},
		{"no-store, max-age=300", time.Minute},
	}
	for _, test := range tests {
		t.Run(test.control, func(t *testing.T) {
			run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
				i.header.Set("Cache-Control", test.control)
				s.Retain([]string{url})
				time.Sleep(test.want + time.Second)
				if diff := cmp.Diff([]time.Duration{0, test.want}, i.times()); diff != "" {
					t.Errorf("fetches (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnUnknownKeyIsAskedForAtABoundedRate(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		time.Sleep(time.Minute)
		i.set(func() { i.body, i.delay = ed(t, "a", "b"), 50*time.Millisecond })
		var work sync.WaitGroup
		for range 100 { // all of them share one fetch
			work.Go(func() {
				if got := find(t, s, "b"); got != "1" {
					t.Errorf("keys %s, want the new one", got)
				}
			})
		}
		work.Wait()
		for range 100 { // one that the issuer does not have takes no fetch from others
			if got := find(t, s, "c"); got != "0" {
				t.Errorf("keys %s, want none", got)
			}
		}
		time.Sleep(10 * time.Second)
		find(t, s, "c")
		find(t, s, "c")
		want := []time.Duration{0, time.Minute, time.Minute + 50*time.Millisecond, time.Minute + 10*time.Second + 100*time.Millisecond}
		if diff := cmp.Diff(want, i.times()); diff != "" {
			t.Errorf("fetches (-want +got):\n%s", diff)
		}
	})
}

// Whoever sends tokens with keys of their own invention makes the proxy ask no more than it would for one of them, and
// those whose keys are known wait for nothing.
func TestAFloodOfUnknownKeysIsNotPassedOn(t *testing.T) {
	for name, delay := range map[string]time.Duration{"an issuer that answers": 20 * time.Millisecond, "one that hangs": time.Hour} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
				s.Retain([]string{url})
				time.Sleep(time.Second)
				i.set(func() { i.delay = delay })
				before := len(i.times())
				began := time.Now()
				var work sync.WaitGroup
				for n := range 50 {
					work.Go(func() {
						for k := 0; time.Since(began) < 100*time.Second; k++ {
							if got := find(t, s, fmt.Sprintf("invented-%d-%d", n, k)); got != "0" {
								t.Errorf("keys %s for an invented key", got)
							}
							time.Sleep(10 * time.Millisecond)
						}
					})
				}
				for time.Since(began) < 100*time.Second {
					at := time.Now()
					if got := find(t, s, "a"); got != "1" || time.Since(at) > 0 {
						t.Errorf("keys %s after %v for a known key", got, time.Since(at))
					}
					time.Sleep(time.Second)
				}
				work.Wait()
				if n := len(i.times()) - before; n > 3+100/10+1 {
					t.Errorf("%d fetches in 100 s", n)
				}
				if status := s.Status()[0]; status.Asked == 0 || status.Asked > 14 || status.Bounded < 1000 {
					t.Errorf("status %+v", status)
				}
			})
		})
	}
}

// A key that the issuer begins to sign with right after its keys were fetched is found at once, also while a fetch is
// under way whose answer is from before.
func TestAKeyThatCameJustNowIsFound(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		synctest.Wait()
		for _, kid := range []string{"b", "c"} {
			i.set(func() { i.body = ed(t, kid) })
			if got := find(t, s, kid); got != "1" {
				t.Errorf("keys %s, want the new one", got)
			}
		}
	})
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		time.Sleep(time.Second)
		i.set(func() { i.delay, i.answerFirst = 100*time.Millisecond, true })
		var work sync.WaitGroup
		work.Go(func() { find(t, s, "stray") })
		time.Sleep(10 * time.Millisecond)
		i.set(func() { i.body = ed(t, "b") })
		if got := find(t, s, "b"); got != "1" {
			t.Errorf("keys %s, want the new one", got)
		}
		work.Wait()
	})
}

// A request that held its token against keys which others have had fetched anew meanwhile finds the new ones at hand: it
// takes nothing of what may be asked.
func TestNobodyAsksForWhatOthersHaveFetched(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		old, err := s.Remote(url).Having(t.Context(), "a", "EdDSA")
		if err != nil {
			t.Fatal(err)
		}
		i.set(func() { i.body = ed(t, "a") })
		for range 3 {
			if got := s.Remote(url).Newer(t.Context(), old, "a"); got == old {
				t.Error("the old keys, want the new ones")
			}
		}
		if got := len(i.times()); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
	})
}

func TestKeysThatAreTooOldAreNotUsed(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		time.Sleep(time.Second)
		i.set(func() { i.down = true })
		time.Sleep(24*time.Hour - 2*time.Second)
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s, want the last good one", got)
		}
		time.Sleep(2 * time.Second)
		before := time.Now()
		if got := find(t, s, "a"); got != "unavailable" || time.Since(before) > 0 || s.Remote(url).Current() != nil {
			t.Errorf("keys %s after %v, want none, and at once", got, time.Since(before))
		}
		if status := s.Status()[0]; status.Keys != 0 || status.Success.IsZero() {
			t.Errorf("status %+v", status)
		}
		i.set(func() { i.down = false })
		time.Sleep(time.Minute)
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s once the issuer is back", got)
		}
	})
}

func TestAnIssuerSaysWhenToComeBack(t *testing.T) {
	for name, test := range map[string]struct {
		after func() string
		want  []time.Duration
	}{
		"in seconds": {func() string { return "30" }, []time.Duration{0, 30 * time.Second}},
		"by a date":  {func() string { return time.Now().Add(50 * time.Second).UTC().Format(http.TimeFormat) }, []time.Duration{0, 50 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
				i.status = 429
				i.header.Set("Retry-After", test.after())
				s.Retain([]string{url})
				time.Sleep(51 * time.Second)
				if diff := cmp.Diff(test.want, i.times()); diff != "" {
					t.Errorf("fetches (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Proxies that begin together do not go on together.
func TestFetchesAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(ed(t, "a"))
		for n := range 10 {
			s := jwks.New(jwks.Options{Client: &http.Client{Transport: i}, Rand: func() uint64 { return uint64(n) << 60 }})
			defer s.Close()
			s.Retain([]string{url})
		}
		time.Sleep(10*time.Minute + time.Second)
		seen := map[time.Duration]int{}
		for _, at := range i.times()[10:] {
			seen[at.Truncate(time.Second)]++
			if at < 8*time.Minute || at > 10*time.Minute {
				t.Errorf("a fetch after %v, want it in the last fifth of ten minutes", at)
			}
		}
		if len(seen) < 8 {
			t.Errorf("fetches at %v", seen)
		}
	})
}

func TestAnOutageKeepsTheLastGoodKeys(t *testing.T) {
	breaks := map[string]func(i *issuer){
		"down":      func(i *issuer) { i.down = true },
		"status":    func(i *issuer) { i.status = 500 },
		"empty":     func(i *issuer) { i.body = `{"keys":[]}` },
		"not JSON":  func(i *issuer) { i.body = `<html>` },
		"too large": func(i *issuer) { i.body = `{"keys":[` + strings.Repeat(" ", 1<<20) + `]}` },
		"too slow":  func(i *issuer) { i.delay = time.Hour },
	}
	for name, breakIt := range breaks {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
				s.Retain([]string{url})
				time.Sleep(time.Second)
				i.set(func() { breakIt(i) })
				time.Sleep(3 * time.Hour)
				if got := find(t, s, "a"); got != "1" {
					t.Errorf("keys %s, want the last good one", got)
				}
				status := s.Status()
				if len(status) != 1 || status[0].Error == "" || status[0].Keys != 1 || time.Since(status[0].Success) < 2*time.Hour {
					t.Errorf("status %+v", status)
				}
			})
		})
	}
}

func TestAFailedFirstFetchIsRetried(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		i.down = true
		s.Retain([]string{url})
		time.Sleep(100 * time.Second)
		want := []time.Duration{0, 1e9, 3e9, 7e9, 15e9, 31e9, 63e9}
		if diff := cmp.Diff(want, i.times()); diff != "" {
			t.Errorf("fetches (-want +got):\n%s", diff)
		}
		before := time.Now()
		if got := find(t, s, "a"); got != "unavailable" || time.Since(before) > 0 {
			t.Errorf("keys %s after %v, want the answer at once while the issuer is known to be down", got, time.Since(before))
		}
		i.set(func() { i.down = false })
		time.Sleep(time.Minute)
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s, want 1", got)
		}
		if status := s.Status()[0]; status.Error != "" || status.Success.IsZero() {
			t.Errorf("status %+v", status)
		}
	})
}

func TestARequestWaitsForTheFirstFetchWithinBounds(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		i.delay = time.Second
		if got := find(t, s, "a"); got != "1" {
			t.Errorf("keys %s, want those that came after a second", got)
		}
	})
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		i.delay = time.Hour
		before := time.Now()
		if got := find(t, s, "a"); got != "unavailable" || time.Since(before) != 2*time.Second {
			t.Errorf("keys %s after %v, want none after 2s", got, time.Since(before))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		before = time.Now()
		if _, err := s.Remote(url).Having(ctx, "a", "EdDSA"); err == nil || time.Since(before) > 0 {
			t.Errorf("%v after %v, want an error at once from an issuer that is known to hang", err, time.Since(before))
		}
		before = time.Now()
		if _, err := s.Remote(url+"2").Having(ctx, "a", "EdDSA"); err == nil || time.Since(before) != time.Second {
			t.Errorf("%v after %v, want an error after the request's own second", err, time.Since(before))
		}
	})
}

func TestRetainForgetsTheOthers(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		old := s.Remote(url)
		s.Retain([]string{url})
		time.Sleep(time.Second)
		s.Retain([]string{"https://other.test/keys"})
		time.Sleep(time.Hour)
		set, err := old.Having(t.Context(), "a", "EdDSA")
		if err != nil || len(set.Find("a", "EdDSA")) != 1 {
			t.Errorf("%v, %v: a request that is under way lost its keys", set, err)
		}
		if unknown, err := old.Having(t.Context(), "b", "EdDSA"); err != nil || unknown != set {
			t.Errorf("%v, %v for an unknown key", unknown, err)
		}
		var urls []string
		for _, status := range s.Status() {
			urls = append(urls, status.URL)
		}
		if diff := cmp.Diff([]string{"https://other.test/keys"}, urls); diff != "" {
			t.Errorf("status (-want +got):\n%s", diff)
		}
	})
}

// What was verified with a set's keys is as good when the issuer publishes the same keys again, and no longer once
// it publishes others.
func TestASetLastsAsLongAsItsKeys(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		synctest.Wait()
		first := s.Remote(url).Current()
		time.Sleep(11 * time.Minute)
		if len(i.times()) != 2 || s.Remote(url).Current() != first {
			t.Errorf("after %d fetches of the same keys there is another set", len(i.times()))
		}
		i.set(func() { i.body = ed(t, "a") }) // the same id, another key
		time.Sleep(10 * time.Minute)
		if len(i.times()) != 3 || s.Remote(url).Current() == first {
			t.Errorf("after %d fetches the old key is in use", len(i.times()))
		}
	})
}

func TestRetainKeepsWhatIsThere(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		for range 10 {
			s.Retain([]string{url, url})
			time.Sleep(time.Second)
		}
		if n := len(i.times()); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
	})
}

func TestAfterCloseNothingIsFetched(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		s.Retain([]string{url})
		time.Sleep(time.Second)
		s.Close()
		s.Retain([]string{"https://other.test/keys"})
		time.Sleep(time.Hour)
		if n := len(i.times()); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
	})
}

func TestARedirectToPlainHTTPIsRefused(t *testing.T) {
	run(t, func(t *testing.T, s *jwks.Store, i *issuer) {
		i.status = 302
		i.header.Set("Location", "http://issuer.test/keys")
		if got := find(t, s, "a"); got != "unavailable" {
			t.Errorf("keys %s", got)
		}
		if status := s.Status(); !strings.Contains(status[0].Error, "from https to http") {
			t.Errorf("status %+v", status)
		}
	})
}
