package source_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/source"
)

// A script answers one request after another, the last again and again, and notes when they came. Time in
// these tests is synctest's.
type script struct {
	answers []answer
	times   []time.Time
	started time.Time
}

type answer struct {
	status int // 0: the connection breaks
	header string
	body   string
}

func (s *script) RoundTrip(*http.Request) (*http.Response, error) {
	a := s.answers[min(len(s.times), len(s.answers)-1)]
	s.times = append(s.times, time.Now())
	if a.status == 0 {
		return nil, errors.New("connection reset")
	}
	h := http.Header{}
	if name, value, ok := strings.Cut(a.header, ": "); ok {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: -1}, nil
}

// gaps returns the time between looks.
func (s *script) gaps() []time.Duration {
	var out []time.Duration
	for i := 1; i < len(s.times); i++ {
		out = append(out, s.times[i].Sub(s.times[i-1]))
	}
	return out
}

// run watches s for d with jitter random and returns the updates.
func (s *script) run(t *testing.T, d time.Duration, random float64) []source.Update {
	t.Helper()
	s.started = time.Now()
	w := watch(t, "https://example.com/bundle", source.Options{Transport: s, Rand: func() float64 { return random }})
	time.Sleep(d)
	synctest.Wait()
	w.stop()
	var out []source.Update
	for len(w.updates) > 0 {
		out = append(out, <-w.updates)
	}
	return out
}

func TestTheFirstLookIsAtOnceAndTheOthersAnIntervalApart(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: 27 * time.Second, 0.5: 30 * time.Second, 1: 33 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []answer{{status: 200, body: "x"}}}
			updates := s.run(t, 70*time.Second, random)
			if diff := cmp.Diff([]time.Duration{want, want}, s.gaps()); diff != "" {
				t.Errorf("random %v: gaps (-want +got):\n%s", random, diff)
			}
			if s.times[0] != s.started {
				t.Errorf("the first look was %v late", s.times[0].Sub(s.started))
			}
			if len(updates) != 3 || string(updates[0].Data) != "x" || updates[1].Data != nil || updates[1].Err != nil {
				t.Errorf("updates %v", updates)
			}
		})
	}
}

func TestFailuresBackOffToACapAndRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{}, {status: 500}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {status: 200, body: "x"}}}
		updates := s.run(t, 19*time.Minute, 0)
		var want []time.Duration
		for _, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 /* recovered: */, 27} {
			want = append(want, time.Duration(seconds)*time.Second)
		}
		if diff := cmp.Diff(want, s.gaps()[:min(len(want), len(s.gaps()))]); diff != "" {
			t.Errorf("gaps (-want +got):\n%s", diff)
		}
		failures := 0
		for _, u := range updates {
			if u.Err != nil {
				failures++
			}
		}
		if failures != 11 {
			t.Errorf("%d failures were told of, want each of the 11", failures)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{}}}
		s.run(t, 4*time.Second, 1)
		if diff := cmp.Diff([]time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}, s.gaps()); diff != "" {
			t.Errorf("with all of the jitter: gaps (-want +got):\n%s", diff)
		}
	})
}

func TestAServersWishToBeLeftAloneIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{status: 429, header: "Retry-After: 90"}, {status: 503, header: "Retry-After: 40"}, {status: 200, body: "x"}}}
		updates := s.run(t, 140*time.Second, 0)
		if diff := cmp.Diff([]time.Duration{90 * time.Second, 40 * time.Second}, s.gaps()); diff != "" {
			t.Errorf("gaps (-want +got):\n%s", diff)
		}
		if err := updates[0].Err; err == nil || !strings.Contains(err.Error(), "429 Too Many Requests: try again in 1m30s") {
			t.Errorf("error %v", err)
		}
	})
}
