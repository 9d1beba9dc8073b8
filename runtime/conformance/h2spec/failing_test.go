package h2spec_test

// failingInCleartext are the cases that do not pass at a listener without TLS, with the reason why that is accepted. What
// is here must fail. With TLS all pass.
var failingInCleartext = map[string]string{
	"http2/3.5/2": "Without TLS the first bytes of a connection tell its version. What is not HTTP/2's preface is read " +
		"as HTTP/1.1, and answered with 400 before the connection is closed.",
}

// failing returns why a case does not pass at this listener, and whether that is so.
func (s *suite) failing(id string) (why string, ok bool) {
	if s.config.TLS {
		return "", false
	}
	why, ok = failingInCleartext[id]
	return why, ok
}
