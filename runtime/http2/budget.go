package http2

import "time"

// Reasons why a connection is ended.
const (
	// RapidReset is a client that opens streams and resets them, over and over: each makes work for the handler and
	// for endpoints that nobody waits for (CVE-2023-44487).
	RapidReset = "rapid-reset"
	// HeaderFlood is a header in more CONTINUATION frames, or longer, than any could need (CVE-2023-45288).
	HeaderFlood = "header-flood"
	// ControlFlood is a client that sends frames which carry nothing: pings, settings, empty data (CVE-2019-9512,
	// CVE-2019-9515, CVE-2019-9518).
	ControlFlood = "control-flood"
)

var (
	errRapidReset   = &connError{enhanceYourCalm, RapidReset, "streams are opened and reset over and over"}
	errHeaderFlood  = &connError{enhanceYourCalm, HeaderFlood, "a header is longer than any could be"}
	errControlFlood = &connError{enhanceYourCalm, ControlFlood, "frames that carry nothing come over and over"}
)

const (
	// burst and perSecond bound what a client does without need, beside what it earns by its requests.
	burst     = 1000
	perSecond = 33
)

// A budget bounds how often something happens: a burst, and then as often as time and work have earned.
type budget struct {
	left   int
	filled time.Time // by time
}

func newBudget() budget { return budget{burst, time.Now()} }

// spend reports whether there is something left.
func (b *budget) spend() bool {
	if b.left--; b.left >= 0 {
		return true
	}
	now := time.Now()
	b.left += min(int(now.Sub(b.filled).Seconds()*perSecond), burst)
	b.filled = now
	return b.left >= 0
}

// earn adds to what is left.
func (b *budget) earn() {
	if b.left < burst {
		b.left++
	}
}
