package runtime

import (
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
)

// statusClientGone is logged and counted for requests whose client did not wait for the answer. Nobody
// receives it.
const statusClientGone = 499

// A visit is one request on its way through the server: the bridge between net/http, which carries the bytes,
// and the exchange that filters see.
type visit struct {
	server   *Server
	gen      *generation
	listener *listener
	route    *servedRoute // nil: none took the request

	w    http.ResponseWriter
	r    *http.Request
	x    exchange.Exchange
	body *clientBody // nil: the request has none
	path string      // as the client sent it

	began    time.Time
	deadline *deadline // nil: the route has no timeout
	answer   *upstream.Answer
	begun    bool          // the answer's header is out, or tried to be
	status   int           // what is logged
	sent     int64         // bytes of the answer's body
	took     time.Duration // until the answer was whole; 0: measure it at the end
}

// serve answers one request that came in at a socket.
func (s *Server) serve(k *socket, w http.ResponseWriter, r *http.Request) {
	v := &visit{server: s, w: w, r: r, began: s.o.Clock()}
	v.gen, v.listener = k.serving()
	v.x.ID = requestID(r.Header, s.o.Rand)
	v.x.Context = r.Context()
	defer v.end()
	v.run()
}

// run takes the request through redirect, match, filters and backend, and writes the answer.
func (v *visit) run() {
	x := &v.x
	if v.gen == nil { // a socket serves once there is a generation, so this is the last moment of a drain
		x.Fail(http.StatusServiceUnavailable, "not-ready", "The gateway has nothing to serve yet.")
		v.respond()
		return
	}
	if !v.take() {
		v.respond()
		return
	}
	if v.listener.redirect != nil {
		v.listener.redirect.answer(x)
		v.respond()
		return
	}
	r := v.gen.table.Match(v.listener.name, &x.Request)
	if r == nil {
		x.Fail(http.StatusNotFound, "no-route", "No route takes this request.")
		v.respond()
		return
	}
	if v.gen.table.Ambiguous(v.listener.name, &x.Request, r) {
		x.Fail(http.StatusBadRequest, "path-ambiguous", "The request's path can be read as that of another resource.")
		v.respond()
		return
	}
	v.route = v.gen.routes[r]
	if v.route.timeout > 0 {
		v.deadline, x.Context = newDeadline(x.Context, v.route.timeout)
	}
	if v.body == nil {
		v.deadline.begin()
	} else {
		v.body.deadline = v.deadline
	}
	seen, answered := r.Chain.Request(x)
	if !answered {
		v.call()
	}
	r.Chain.Response(x, seen)
	v.respond()
}

// call sends the request to a backend; without an answer of one the gateway's own takes its place.
func (v *visit) call() {
	x := &v.x
	if v.route.call == nil {
		x.Fail(http.StatusServiceUnavailable, upstream.NoEndpoint, "The route has no backend in use.")
		return
	}
	after := newTrailer(v.r.Trailer, v.route.model, x.Request.Header)
	if v.body != nil {
		v.body.trailer = after
	}
	var err error
	v.answer, err = v.route.call.Do(x, upstream.Request{
		Trailer: after.header(), Upgrade: v.upgrade(), Trailers: hasToken(v.r.Header["Te"], "trailers"),
	})
	v.deadline.begin()
	if err == nil {
		return
	}
	var failure *upstream.Failure
	if !errors.As(err, &failure) {
		failure = &upstream.Failure{Reason: upstream.Other, Err: err}
	}
	broken := v.body.failure()
	switch {
	case errors.Is(broken, errBodyStalled):
		x.Fail(http.StatusRequestTimeout, "body-timeout", "The request's body did not arrive in time.")
		return
	case broken != nil && failure.Reason != upstream.Timeout && failure.Reason != upstream.ClientGone:
		x.Fail(http.StatusBadRequest, "body-broken", "The request's body could not be read.")
		return
	}
	switch failure.Reason {
	case upstream.Timeout:
		x.Fail(http.StatusGatewayTimeout, failure.Reason, "The backend did not answer in time.")
	case upstream.NoEndpoint:
		x.Fail(http.StatusServiceUnavailable, failure.Reason, "The route has no backend in use.")
	case upstream.ClientGone:
		v.status = statusClientGone
		x.Fail(http.StatusBadGateway, failure.Reason, "")
	default:
		v.server.o.Logger.Debug("upstream call", "id", x.ID, "upstream", v.answer.Upstream,
			"endpoint", v.answer.Endpoint, "error", failure)
		x.Fail(http.StatusBadGateway, failure.Reason, "The backend could not be reached or gave no valid answer.")
	}
}

// end answers for a panic, gives back what the visit held, and says what happened.
func (v *visit) end() {
	failure := recover()
	if failure != nil && failure != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		v.server.o.Logger.Error("panic while serving a request", "id", v.x.ID, "panic", failure, "stack", string(debug.Stack()))
		if !v.begun {
			failure = nil
			v.x.Fail(http.StatusInternalServerError, "panic", "The gateway failed.")
			func() {
				defer func() { failure = recover() }()
				v.respond()
			}()
		} else {
			v.x.Reason, failure = "panic", http.ErrAbortHandler
		}
	}
	if v.answer != nil {
		v.answer.Close()
	}
	v.deadline.stop()
	if v.took == 0 {
		v.took = v.server.o.Clock().Sub(v.began)
	}
	v.account()
	if failure != nil {
		panic(failure)
	}
}

// account counts and logs the request.
func (v *visit) account() {
	counts := v.server.metrics.Unmatched()
	if v.route != nil {
		counts = v.route.metrics
	}
	counts.Answered(v.status, v.took)
	received := v.body.end()
	if v.server.log == nil {
		return
	}
	x := &v.x
	line := logLine{
		at: v.began, id: x.ID, client: addrText(x.Client), method: v.r.Method, host: x.Request.Host, path: x.Request.Path,
		proto: v.r.Proto, status: v.status, reason: x.Reason,
		consumer: x.Caller.Consumer, received: received, sent: v.sent, took: v.server.o.Clock().Sub(v.began),
	}
	if v.gen != nil {
		line.path = v.path // as the client sent it: rewrites change the exchange's
		line.listener, line.revision = v.listener.name, v.gen.bundle.Revision
	}
	if v.route != nil {
		line.api, line.route = v.route.api, v.route.name
	}
	if v.answer != nil {
		line.upstream, line.endpoint, line.retries = v.answer.Upstream, v.answer.Endpoint, v.answer.Retries
	}
	v.server.log.write(&line)
}

// upgrade returns the protocol that the client asks to change to; "" for none, and for those that a gateway
// must not tunnel because it would stop seeing requests.
func (v *visit) upgrade() string {
	if v.r.ProtoMajor != 1 {
		return ""
	}
	protocol := v.r.Header.Get("Upgrade")
	if protocol == "" || !hasToken(v.r.Header["Connection"], "upgrade") {
		return ""
	}
	lower := strings.ToLower(protocol)
	for _, refused := range []string{"h2", "http", "tls"} {
		if strings.HasPrefix(lower, refused) {
			return ""
		}
	}
	for i := 0; i < len(protocol); i++ {
		if c := protocol[i]; c <= ' ' || c == ',' || c >= 0x7f { // one protocol, not a list
			return ""
		}
	}
	return protocol
}

// hasToken reports whether comma-separated lists hold a token, in any case.
func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			if exchange.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}
