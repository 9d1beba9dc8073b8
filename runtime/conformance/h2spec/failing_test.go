package h2spec_test

// failing are the cases that do not pass, with the reason why that is accepted. What is here must fail.
var failing = map[string]string{
	"http2/6.5.3/1": "net/http ends a connection whose SETTINGS frame names a setting twice, as a sign of abuse. No " +
		"client has a reason to send one.",
	"http2/8.1.2.2/1": malformed,
	"http2/8.1.2.2/2": malformed,
}

// failingInCleartext are those that fail at a listener without TLS only.
var failingInCleartext = map[string]string{
	"http2/3.5/2": "Without TLS the first bytes of a connection tell its version. What is not HTTP/2's preface is read " +
		"as HTTP/1.1, and answered with 400 before the connection is closed.",
}

const malformed = "net/http answers a request with connection-specific fields with 400 and ends the stream, where " +
	"the case wants a reset. RFC 9113, section 8.1.1 allows a response before a malformed request's stream is closed; " +
	"no backend sees the request."

// failing returns why a case does not pass at this listener, and whether that is so.
func (s *suite) failing(id string) (why string, ok bool) {
	if why, ok = failing[id]; !ok && !s.config.TLS {
		why, ok = failingInCleartext[id]
	}
	return why, ok
}
