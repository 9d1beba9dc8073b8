// Package chain_test holds that a chain of proxies with gwproxy in it has one reading of what a client sends: what it
// passes on as a request was one, and nothing that was part of another ever is. The cases in testdata are the known
// ways to have two recipients disagree.
package chain_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gwc.dev/runtime/conformance/gateway"
)

// commands are those under test.
var commands gateway.Commands

func TestMain(m *testing.M) { os.Exit(gateway.Main(m, &commands)) }

// With nothing but gwproxy between client and backend, it is known what either sees.
func TestGwproxyReadsEveryCaseAsItSays(t *testing.T) {
	for name, proxies := range map[string][]proxy{"one": {gwproxy}, "two": {gwproxy, gwproxy}} {
		t.Run(name, func(t *testing.T) {
			b, address := build(t, proxies...)
			for _, c := range readCases(t) {
				t.Run(c.name, func(t *testing.T) {
					b.begin(c.answer)
					answers := c.send(t, address, limit)
					settle(t, address)
					if diff := cmp.Diff(append([]string{}, c.seen...), b.record()); diff != "" {
						t.Errorf("requests (-want +seen):\n%s", diff)
					}
					if diff := cmp.Diff(c.answers, answers); diff != "" {
						t.Errorf("answers (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

// Another proxy may take what gwproxy refuses and refuse what gwproxy takes, but gwproxy and it together read nothing
// that neither reads alone.
func TestAChainWithAnotherProxyHasOneReading(t *testing.T) {
	install(t, "nginx", "haproxy")
	for name, other := range map[string]proxy{"nginx": nginx, "HAProxy": haproxy} {
		for place, proxies := range map[string][]proxy{"in front of": {other, gwproxy}, "behind": {gwproxy, other}} {
			t.Run(name+" "+place+" gwproxy", func(t *testing.T) {
				alone, aloneAddress := build(t, other)
				both, bothAddress := build(t, proxies...)
				for _, c := range readCases(t) {
					t.Run(c.name, func(t *testing.T) {
						without := c.observe(t, alone, aloneAddress)
						with := c.observe(t, both, bothAddress)
						c.compare(t, without, with)
					})
				}
			})
		}
	}
}

// An outcome is what a backend saw of a case and what its client was answered.
type outcome struct {
	seen, answers []string
}

// observe sends a case through a chain that another proxy is part of.
func (c *wireCase) observe(t *testing.T, b *backend, address string) outcome {
	t.Helper()
	b.begin(c.answer)
	answers := c.send(t, address, patience)
	settle(t, address)
	return outcome{b.record(), answers}
}

// second is the request that most cases end with. It is one to everybody that what stands before it does not stop.
const second = "GET /second a"

// compare requires that what came of a case with gwproxy in the chain is part of what comes of it without, or of what
// gwproxy by itself makes of it.
func (c *wireCase) compare(t *testing.T, without, with outcome) {
	t.Helper()
	alone := append(slices.Clone(c.seen), second)
	other := append(slices.Clone(without.seen), second)
	other = slices.DeleteFunc(other, func(r string) bool { return strings.HasPrefix(r, malformed) })
	if len(beyond(other, with.seen)) > 0 && len(beyond(alone, with.seen)) > 0 {
		t.Errorf("the backend saw %q; without gwproxy %q, with gwproxy alone %q", with.seen, without.seen, c.seen)
	}
	last := 0
	for _, answer := range with.answers {
		if _, number, ok := strings.Cut(answer, " of request "); ok {
			n, err := strconv.Atoi(number)
			if err != nil || n <= last || n > len(with.seen) {
				t.Errorf("the client was answered %q, and the backend saw %d requests", with.answers, len(with.seen))
			}
			last = n
			continue
		}
		madeUp := strings.Contains(answer, `"`)
		if madeUp && !slices.Contains(c.answers, answer) && !slices.Contains(without.answers, answer) {
			t.Errorf("the client was answered %s; without gwproxy %q, with gwproxy alone %q", answer, without.answers, c.answers)
		}
	}
}

// patience is how long a client of another proxy waits for an answer that gwproxy would give.
const patience = 300 * time.Millisecond

// build starts a chain of proxies, the first one in front, and returns its address.
func build(t *testing.T, proxies ...proxy) (b *backend, address string) {
	t.Helper()
	b = newBackend(t)
	address = b.address
	for _, start := range slices.Backward(proxies) {
		address = start(t, address)
	}
	return b, address
}

// beyond returns what is left of seen after the longest part that is a subsequence of allowed. A request that may be
// sent again, because its connection ended unanswered (RFC 9110, section 9.2.2), counts once.
func beyond(allowed, seen []string) []string {
	seen = slices.CompactFunc(slices.Clone(seen), func(a, b string) bool {
		return a == b && (strings.HasPrefix(a, "GET ") || strings.HasPrefix(a, "HEAD "))
	})
	for _, one := range allowed {
		if len(seen) > 0 && seen[0] == one {
			seen = seen[1:]
		}
	}
	return seen
}
