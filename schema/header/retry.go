package header

import (
	"net/http"
	"strconv"
	"time"
)

// RetryAfter returns how long an answer asks its client to stay away, in seconds or up to a date (RFC 9110, section 10.2.3), at
// most an hour; 0 if it does not say.
func RetryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), time.Hour)
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return time.Duration(min(max(seconds, 0), 3600)) * time.Second
}
