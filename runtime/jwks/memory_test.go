package jwks_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/go-jose/go-jose/v4"

	"gwc.dev/runtime/jwks"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func newSet(t testing.TB) *jwks.Set {
	t.Helper()
	key := jose.JSONWebKey{Key: edKey(t), KeyID: "a"}
	set, _, err := jwks.Parse(keySet(t, jwk(t, key)))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestATokenIsRememberedUntilItExpires(t *testing.T) {
	set := newSet(t)
	set.Remember("token", "says", 1, noon, noon.Add(time.Minute))
	set.Remember("late", "says", 1, noon, noon)
	tests := []struct {
		token string
		after time.Duration
		want  bool
	}{
		{"token", 0, true},
		{"Token", 0, false},
		{"toke", 0, false},
		{"", 0, false},
		{"late", -time.Second, false},
		{"token", time.Minute - 1, true},
		{"token", time.Minute, false},
		{"token", 0, false}, // what has expired is gone
	}
	for _, test := range tests {
		says, ok := set.Recall(test.token, noon.Add(test.after))
		if ok != test.want || ok && says != "says" {
			t.Errorf("%q after %v: %v, %v, want %v", test.token, test.after, says, ok, test.want)
		}
	}
}

func TestATokenIsNotKeptInTheCallersMemory(t *testing.T) {
	set := newSet(t)
	buffer := []byte("one token")
	set.Remember(unsafe.String(&buffer[0], len(buffer)), true, 1, noon, noon.Add(time.Hour))
	copy(buffer, "two") // the connection reads its next request
	if _, ok := set.Recall("one token", noon); !ok {
		t.Error("the token is lost")
	}
	if _, ok := set.Recall("two token", noon); ok {
		t.Error("a token is known that nobody remembered")
	}
}

// numbered returns a token whose end is as good as random.
func numbered(n int) string {
	return "header.claims." + strconv.FormatUint(uint64(n+1)*0x9e3779b97f4a7c15, 36)
}

func TestAMemoryIsBounded(t *testing.T) {
	const bound, most = 32 << 10, 32 << 20
	tests := []struct {
		name     string
		n, size  int
		min, max int
	}{
		{"in tokens", 3 * bound / 2, 1, bound * 3 / 4, bound},
		{"in bytes", 4096, 64 << 10, most / (64 << 10) * 3 / 4, most / (64 << 10)},
		{"in bytes of one", 64, 1 << 20, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := newSet(t)
			for i := range test.n {
				set.Remember(numbered(i), i, test.size, noon, noon.Add(time.Hour))
			}
			known := 0
			for i := range test.n {
				if says, ok := set.Recall(numbered(i), noon); ok {
					known++
					if says != i {
						t.Fatalf("token %d says %v", i, says)
					}
				}
			}
			if known < test.min || known > test.max {
				t.Errorf("%d tokens are known, want %d to %d", known, test.min, test.max)
			}
		})
	}
}

func TestHotTokensStay(t *testing.T) {
	const hot, flood = 1000, 64_000
	set := newSet(t)
	until := noon.Add(time.Hour)
	for i := range hot {
		set.Remember(numbered(i), i, 1, noon, until)
	}
	lost := 0
	for i := range flood {
		set.Remember(numbered(hot+i), i, 1, noon, until)
		if _, ok := set.Recall(numbered(i%hot), noon); !ok {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d times a token was lost that is in use", lost)
	}
}

func TestExpiredTokensMakeRoomFirst(t *testing.T) {
	set := newSet(t)
	const n = 24_000 // below the bound; in every part of the memory too
	later := noon.Add(time.Minute)
	for i := range n { // every other one expires; all of them are asked for again
		set.Remember(numbered(i), i, 1, noon, later.Add(time.Duration(i%2)*time.Hour))
		set.Recall(numbered(i), noon)
	}
	for i := range n / 2 {
		set.Remember(numbered(n+i), n+i, 1, later, later.Add(time.Hour))
	}
	lost := 0
	for i := range n + n/2 {
		if _, ok := set.Recall(numbered(i), later); !ok && (i%2 == 1 || i >= n) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d tokens made room in place of expired ones", lost)
	}
}

func TestManyGoroutinesShareAMemory(t *testing.T) {
	set := newSet(t)
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for i := range 5000 {
				token := numbered(i % 500)
				if says, ok := set.Recall(token, noon); ok && says != token {
					t.Errorf("%q says %v", token, says)
				}
				set.Remember(token, token, 16<<10, noon, noon.Add(time.Hour))
			}
		})
	}
	work.Wait()
}

func BenchmarkRecall(b *testing.B) {
	set := newSet(b)
	tokens := make([]string, 1000)
	for i := range tokens {
		tokens[i] = strings.Repeat("x", 700) + numbered(i)
		set.Remember(tokens[i], i, 1, noon, noon.Add(time.Hour))
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, ok := set.Recall(tokens[i%len(tokens)], noon); !ok {
				b.Fatal("a token is lost")
			}
		}
	})
}
