package source_test

import (
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/source"
)

func listenAt(t *testing.T, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	must(t, err)
	return ln
}

// A holder is a server that holds requests as it is asked to, until there is something new.
type holder struct {
	content []string                                   // what is new, one after the other
	every   time.Duration                              // between these
	holds   func(prefer string) (time.Duration, error) // how long it holds a request, or how it fails
	started time.Time
	asked   []string // Prefer
	at      []time.Duration
}

func (h *holder) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked = append(h.asked, r.Header.Get("Prefer"))
	h.at = append(h.at, time.Since(h.started))
	current := func() string { return h.content[min(int(time.Since(h.started)/h.every), len(h.content)-1)] }
	if r.Header.Get("If-None-Match") == `"`+current()+`"` {
		hold, err := h.holds(r.Header.Get("Prefer"))
		for end := time.Now().Add(hold); time.Now().Before(end) && r.Header.Get("If-None-Match") == `"`+current()+`"`; {
			select {
			case <-r.Context().Done():
				return nil, r.Context().Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		if err != nil {
			return nil, err
		}
	}
	resp := (&script{answers: []answer{{status: 200, header: `ETag: "` + current() + `"`, body: current()}}})
	if r.Header.Get("If-None-Match") == `"`+current()+`"` {
		resp.answers[0] = answer{status: 304}
	}
	return resp.RoundTrip(r)
}

func (h *holder) run(t *testing.T, d time.Duration) (delivered []time.Duration, failures int) {
	t.Helper()
	h.started = time.Now()
	o := source.Options{Transport: h, Rand: func() float64 { return 0.5 }, LongPoll: time.Minute}
	w := watch(t, "https://example.com/bundle", o)
	for end := time.After(d); ; {
		select {
		case u := <-w.updates:
			if u.Data != nil {
				delivered = append(delivered, time.Since(h.started))
			}
			if u.Err != nil {
				failures++
			}
			continue
		case <-end:
		}
		break
	}
	w.stop()
	return delivered, failures
}

func seconds(n ...int) (out []time.Duration) {
	for _, s := range n {
		out = append(out, time.Duration(s)*time.Second)
	}
	return out
}

func TestALongPollTellsOfAChangeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &holder{content: []string{"a", "b", "c"}, every: 100 * time.Second, holds: func(prefer string) (time.Duration, error) {
			if prefer != "wait=60" {
				t.Errorf("asked with %q", prefer)
			}
			return time.Minute, nil
		}}
		delivered, _ := h.run(t, 350*time.Second)
		if diff := cmp.Diff(seconds(0, 100, 200), delivered); diff != "" {
			t.Errorf("delivered at (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(seconds(0, 1, 62, 101, 162, 201, 262, 323), h.at); diff != "" {
			t.Errorf("asked at (-want +got):\n%s", diff)
		}
	})
}

func TestAServerThatHoldsNothingIsAskedAtTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &holder{content: []string{"a"}, every: time.Hour, holds: func(string) (time.Duration, error) { return 0, nil }}
		h.run(t, 100*time.Second)
		if diff := cmp.Diff(seconds(0, 1, 31, 61, 91), h.at); diff != "" {
			t.Errorf("asked at (-want +got):\n%s", diff)
		}
	})
}

// A proxy on the way cuts requests that are held for long. What follows is a look that nobody need hold.
func TestALookThatIsCutOffIsFollowedByOneThatIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &holder{content: []string{"a"}, every: time.Hour, holds: func(prefer string) (time.Duration, error) {
			if prefer == "" {
				return 0, nil
			}
			return 20 * time.Second, errors.New("connection reset")
		}}
		_, failures := h.run(t, 100*time.Second)
		if diff := cmp.Diff([]string{"", "wait=60", "", "wait=60", ""}, h.asked[:5]); diff != "" {
			t.Errorf("asked with (-want +got):\n%s", diff)
		}
		if failures != 2 {
			t.Errorf("%d failures", failures)
		}
	})
}

func TestALongPollIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &holder{content: []string{"a"}, every: time.Hour, holds: func(string) (time.Duration, error) { return 24 * time.Hour, nil }}
		_, failures := h.run(t, 4*time.Minute)
		if failures != 1 { // after the minute that it may hold, and the two of any look
			t.Errorf("%d failures, asked at %v", failures, h.at)
		}
	})
}
