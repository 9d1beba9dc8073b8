package http2_test

import (
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"testing"
	"unsafe"
)

// view returns bytes as a string that shares their memory, as an exchange's strings do.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// withInterims returns the interim responses to GET and the answer.
func withInterims(t testing.TB, c *http.Client, url string) (seen []string, answer string) {
	t.Helper()
	trace := &httptrace.ClientTrace{Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
		seen = append(seen, fmt.Sprintf("%d %s", status, headerText(http.Header(h))))
		return nil
	}}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer = answerText(c.Do(r))
	return seen, answer
}
