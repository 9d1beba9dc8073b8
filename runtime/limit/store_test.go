package limit_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"gwc.dev/runtime/limit"
)

// A clock stands still until it is told to go on.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }
func newClock() *clock                   { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }
func ask(name string, r limit.Rate) []limit.Ask {
	return []limit.Ask{{Key: limit.Key{Window: "w", Name: name}, Rate: r}}
}

var fivePerMinute = limit.Rate{Requests: 5, Period: time.Minute, Burst: 5}

func TestABucketEmptiesAndFills(t *testing.T) {
	c := newClock()
	s := limit.New(limit.Options{Now: c.Now})
	steps := []struct {
		after     time.Duration
		ok        bool
		remaining int64
		wait      time.Duration
		full      time.Duration
	}{
		{0, true, 4, 0, 12 * time.Second},
		{0, true, 3, 0, 24 * time.Second},
		{0, true, 2, 0, 36 * time.Second},
		{0, true, 1, 0, 48 * time.Second},
		{0, true, 0, 12 * time.Second, time.Minute},
		{0, false, 0, 12 * time.Second, time.Minute},
		{11 * time.Second, false, 0, time.Second, 49 * time.Second},
		{time.Second, true, 0, 12 * time.Second, time.Minute},
		{time.Hour, true, 4, 0, 12 * time.Second},
		{-time.Hour, true, 3, 0, 24 * time.Second}, // a clock that is set back gives and takes nothing
	}
	for i, step := range steps {
		c.advance(step.after)
		a := ask("x", fivePerMinute)
		ok := s.Take(a)
		if ok != step.ok || a[0].OK != step.ok || a[0].Remaining != step.remaining || a[0].Wait != step.wait || a[0].Full != step.full {
			t.Errorf("step %d: %v %+v, want %+v", i, ok, a[0], step)
		}
	}
}

func TestAllOrNone(t *testing.T) {
	s := limit.New(limit.Options{Now: newClock().Now})
	wide := limit.Ask{Key: limit.Key{Window: "wide"}, Rate: limit.Rate{Requests: 100, Period: time.Hour, Burst: 100}}
	narrow := limit.Ask{Key: limit.Key{Window: "narrow"}, Rate: limit.Rate{Requests: 1, Period: time.Hour, Burst: 1}}
	both := []limit.Ask{wide, narrow}
	if !s.Take(both) {
		t.Fatal("the first request is refused")
	}
	for range 10 {
		if s.Take(both) {
			t.Fatal("the narrow window lets a second request pass")
		}
		if both[0].Remaining != 99 || !both[0].OK || both[1].OK {
			t.Fatalf("a refusal took a token of the other window: %+v", both)
		}
	}
}

func TestKeysAreApart(t *testing.T) {
	s := limit.New(limit.Options{Now: newClock().Now})
	once := limit.Rate{Requests: 1, Period: time.Hour, Burst: 1}
	for _, k := range []limit.Key{
		{}, {Window: "w"}, {Name: "w"}, {IP: [16]byte{1}}, {IP: [16]byte{2}}, {Window: "w", Name: "n"},
		{Window: "w", Name: strings.Repeat("n", 1000)}, {Window: "w", Name: strings.Repeat("n", 1001)},
	} {
		a := []limit.Ask{{Key: k, Rate: once}}
		if !s.Take(a) {
			t.Errorf("%+v has no bucket of its own", k)
		}
		if a = []limit.Ask{{Key: k, Rate: once}}; s.Take(a) {
			t.Errorf("%+v is not counted", k)
		}
	}
}

func TestNamesAreNotKeptInTheCallersMemory(t *testing.T) {
	s := limit.New(limit.Options{Now: newClock().Now})
	once := limit.Rate{Requests: 1, Period: time.Hour, Burst: 1}
	buffer := []byte("caller")
	s.Take(ask(unsafe.String(&buffer[0], len(buffer)), once))
	copy(buffer, "others") // the connection reads its next request
	if s.Take(ask("caller", once)) {
		t.Error("the bucket is lost")
	}
}

// Rates that no float or 64-bit product would count right.
func TestExtremeRatesAreExact(t *testing.T) {
	for _, r := range []limit.Rate{
		{Requests: limit.MaxRequests, Period: time.Second, Burst: 1},
		{Requests: limit.MaxRequests, Period: limit.MaxPeriod, Burst: limit.MaxRequests},
		{Requests: 3, Period: time.Second, Burst: 1},
		{Requests: 7, Period: limit.MaxPeriod, Burst: 2},
		{Requests: 999_999_937, Period: limit.MaxPeriod, Burst: 1},
	} {
		c := newClock()
		s := limit.New(limit.Options{Now: c.Now})
		a := ask("x", r)
		if r.Burst < 10 {
			for range r.Burst {
				s.Take(a)
			}
			for range 100 {
				if s.Take(a) {
					t.Fatalf("%+v: a token came from nowhere", r)
				}
				c.advance(a[0].Wait - 1)
				if a[0].Wait > 1 && s.Take(a) {
					t.Fatalf("%+v: a token came too early", r)
				}
				c.advance(1)
				if !s.Take(a) {
					t.Fatalf("%+v: no token after the time that was promised", r)
				}
			}
		}
		c.advance(1 << 62)
		if !s.Take(a) || a[0].Remaining != r.Burst-1 {
			t.Fatalf("%+v: %d left in a bucket that must be full", r, a[0].Remaining)
		}
	}
}

func TestNonsenseDoesNotPanic(t *testing.T) {
	s := limit.New(limit.Options{Max: 1})
	for _, r := range []limit.Rate{{}, {-1, -1, -1}, {1 << 62, 1 << 62, 1 << 62}, {1, 1, 1 << 62}} {
		for range 3 {
			s.Take(ask("x", r))
		}
	}
	if !s.Take(nil) {
		t.Error("nothing asked for is refused")
	}
	many := make([]limit.Ask, 100)
	for i := range many {
		many[i] = limit.Ask{Key: limit.Key{Name: fmt.Sprint(i)}, Rate: fivePerMinute}
	}
	if !s.Take(many) {
		t.Error("a hundred windows are refused")
	}
}

func TestAStoreIsBounded(t *testing.T) {
	c := newClock()
	s := limit.New(limit.Options{Max: 640, Now: c.Now})
	for i := range 100_000 {
		s.Take(ask(fmt.Sprint(i), fivePerMinute))
		c.advance(time.Millisecond)
	}
	if n := s.Len(); n > 640 {
		t.Errorf("%d buckets are kept, want at most 640", n)
	}
}

func TestFullBucketsAreForgotten(t *testing.T) {
	c := newClock()
	s := limit.New(limit.Options{Now: c.Now})
	for i := range 10_000 {
		s.Take(ask(fmt.Sprint(i), fivePerMinute))
	}
	c.advance(time.Minute)
	for i := range 10_000 {
		s.Take(ask(fmt.Sprint("new", i), fivePerMinute))
	}
	if n := s.Len(); n > 11_000 {
		t.Errorf("%d buckets are kept, of which 10000 are in use", n)
	}
}

// A flood of addresses must not give tokens back to those who have used theirs up.
func TestTheFullestBucketIsForgottenFirst(t *testing.T) {
	c := newClock()
	s := limit.New(limit.Options{Max: 640, Now: c.Now})
	drained := ask("drained", fivePerMinute)
	for s.Take(drained) {
	}
	for i := range 50_000 {
		s.Take(ask(fmt.Sprint(i), fivePerMinute))
	}
	if s.Take(drained) {
		t.Error("the drained bucket was forgotten")
	}
}

// TestAgainstAModel runs random requests on a store and on buckets of rational arithmetic.
func TestAgainstAModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	c := newClock()
	s := limit.New(limit.Options{Now: c.Now})
	type model struct{ units, at int64 } // tokens * period, in nanoseconds
	models := map[string]*model{}
	rates := map[string]limit.Rate{
		"a": {Requests: 3, Period: time.Second, Burst: 5}, "b": {Requests: 7, Period: time.Minute, Burst: 2},
		"c": {Requests: 1, Period: time.Hour, Burst: 4}, "d": {Requests: 11, Period: time.Second, Burst: 1},
	}
	for range 20_000 {
		c.advance(time.Duration(rnd.Int64N(int64(200 * time.Millisecond))))
		now := c.now.UnixNano()
		var asks []limit.Ask
		want := true
		for _, name := range []string{"a", "b", "c", "d"} {
			if rnd.IntN(2) == 0 {
				continue
			}
			r := rates[name]
			asks = append(asks, ask(name, r)...)
			m := models[name]
			if m == nil {
				m = &model{r.Burst * int64(r.Period), now}
				models[name] = m
			}
			m.units = min(m.units+(now-m.at)*r.Requests, r.Burst*int64(r.Period))
			m.at = now
			want = want && m.units >= int64(r.Period)
		}
		if got := s.Take(asks); got != want {
			t.Fatalf("Take(%+v) = %v, want %v", asks, got, want)
		}
		for _, a := range asks {
			m := models[a.Key.Name]
			if want {
				m.units -= int64(a.Rate.Period)
			}
			if a.Remaining != m.units/int64(a.Rate.Period) {
				t.Fatalf("%+v, want %d remaining", a, m.units/int64(a.Rate.Period))
			}
		}
	}
}

func TestManyGoroutinesTakeEachTokenOnce(t *testing.T) {
	s := limit.New(limit.Options{Max: 640})
	r := limit.Rate{Requests: 1, Period: 24 * time.Hour, Burst: 1000}
	var taken atomic.Int64
	var work sync.WaitGroup
	for g := range 8 {
		work.Go(func() {
			for i := range 500 {
				asks := []limit.Ask{
					{Key: limit.Key{Window: "shared"}, Rate: r},
					{Key: limit.Key{Window: "own", Name: fmt.Sprint(g, i)}, Rate: fivePerMinute},
				}
				if g%2 == 0 {
					asks[0], asks[1] = asks[1], asks[0]
				}
				if s.Take(asks) {
					taken.Add(1)
				}
			}
		})
	}
	work.Wait()
	if got := taken.Load(); got != 1000 {
		t.Errorf("%d tokens were taken of 1000", got)
	}
}

func TestTakeCostsNoAllocation(t *testing.T) {
	s := limit.New(limit.Options{})
	if n := testing.AllocsPerRun(100, func() {
		asks := [2]limit.Ask{{Key: limit.Key{Window: "a", IP: [16]byte{1}}, Rate: fivePerMinute}, {Key: limit.Key{Window: "b"}, Rate: fivePerMinute}}
		s.Take(asks[:])
	}); n != 0 {
		t.Errorf("Take allocates %v times", n)
	}
}

func BenchmarkTake(b *testing.B) {
	for _, keys := range []int{1, 1_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			s := limit.New(limit.Options{})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				rnd := rand.New(rand.NewPCG(1, 2))
				for pb.Next() {
					n := rnd.IntN(keys)
					asks := [1]limit.Ask{{Key: limit.Key{Window: "w", IP: [16]byte{byte(n), byte(n >> 8), byte(n >> 16)}}, Rate: fivePerMinute}}
					s.Take(asks[:])
				}
			})
		})
	}
}
