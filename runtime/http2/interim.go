package http2

import (
	"net/http"
	"net/textproto"
	"sync"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// maxInterim bounds the interim responses to one request.
const maxInterim = 31

// interims pass on interim responses, on a goroutine of their own: net/http tells of them on the one that reads the
// connection, for all calls, and a client may be slow to take them.
type interims struct {
	call *Call

	mu      sync.Mutex
	quiet   sync.Cond // nothing is to be passed on
	came    int
	waiting []exchange.Response
	passing bool
	err     error // why the call has to end
}

// tell is called by net/http for each. An error ends the call.
func (i *interims) tell(status int, header textproto.MIMEHeader) error {
	if status == http.StatusContinue { // the client has had its own
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.came++
	switch {
	case i.err != nil:
	case i.came > maxInterim:
		i.err = errInterim
	case status == http.StatusSwitchingProtocols:
		i.err = errSwitch
	}
	if i.err != nil {
		return i.err
	}
	i.waiting = append(i.waiting, exchange.Response{Status: status, Header: fieldsOf(http.Header(header))})
	if !i.passing {
		i.passing = true
		go i.pass()
	}
	return nil
}

// pass passes on what waits. A client that does not take it ends the call.
func (i *interims) pass() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.waiting) > 0 && i.err == nil {
		next := i.waiting[0]
		i.waiting = i.waiting[1:]
		i.mu.Unlock()
		err := i.call.o.Client.Inform(&next)
		i.mu.Lock()
		if err != nil && i.err == nil {
			i.err = &http1.SourceError{Err: err}
			i.call.cancel(i.err)
		}
	}
	i.passing = false
	i.quiet.Broadcast()
}

// wait waits until all have been passed on, and returns why the call has to end, if it has to.
func (i *interims) wait() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.passing {
		i.quiet.Wait()
	}
	return i.err
}
