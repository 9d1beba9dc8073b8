package runtime

import (
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/upstream"
)

// statusClientGone is logged and counted for requests whose client did not wait for the answer. Nobody
// receives it.
const statusClientGone = 499

// A visit is one request on its way through the server: the bridge between what carries the bytes and the exchange
// that filters see.
type visit struct {
	server   *Server
	gen      *generation // nil: there is none yet
	listener *listener
	route    *servedRoute // nil: none took the request

	carrier carrier
	x       *exchange.Exchange
	proto   string // as the access log has it
	path    string // as the client sent it
	grpc    bool   // the client takes gRPC's form of a failure

	began  time.Time
	out    upstream.Request
	answer upstream.Answer
	after  requestTrailer
	body   boundedBody
	begun  bool // the answer's header is out, or tried to be
	status int  // what is logged
	// received and sent count what a tunnel carried.
	received, sent int64
	took           time.Duration // until the answer was whole; 0: measure it at the end
}

// errAbandoned ends a connection that an answer cannot be completed on. It is what a visit panics with.
var errAbandoned = errors.New("the answer cannot be completed")

// visit returns an empty visit. It is given back by [visit.end].
func (s *Server) visit(k *socket, c carrier, x *exchange.Exchange, proto string) *visit {
	v, ok := s.visits.Get().(*visit)
	if !ok {
		v = &visit{}
	}
	v.server, v.carrier, v.x, v.proto, v.began = s, c, x, proto, s.o.Clock()
	v.gen, v.listener = k.serving()
	return v
}

// serve answers one request that came in at a socket.
func (s *socket) serve(c carrier, x *exchange.Exchange, proto string) {
	v := s.server.visit(s, c, x, proto)
	defer v.end()
	v.run()
}

// refuse answers for a request that could not be read.
func (s *socket) refuse(c carrier, x *exchange.Exchange, proto string, e *http1.Error) {
	v := s.server.visit(s, c, x, proto)
	v.identify()
	x.Client = c.Remote().Addr()
	x.Fail(e.Status, e.Reason, sentence(e.Detail))
	x.Response.Header.Add("X-Request-Id", x.ID)
	v.status = e.Status
	s.conns.refused(e.Reason)
	v.account()
	v.free()
}

// sentence makes one of a clause.
func sentence(clause string) string {
	if clause == "" || clause[0] < 'a' || clause[0] > 'z' {
		return clause + "."
	}
	return string(clause[0]-'a'+'A') + clause[1:] + "."
}

// run takes the request through redirect, match, filters and backend, and writes the answer.
func (v *visit) run() {
	x := v.x
	v.identify()
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
	if !v.bound() {
		v.respond()
		return
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
	x := v.x
	if v.route.call == nil {
		x.Fail(http.StatusServiceUnavailable, upstream.NoEndpoint, "The route has no backend in use.")
		return
	}
	v.out = upstream.Request{
		Client: v.carrier, Upgrade: upgrade(v.carrier), Trailers: v.carrier.Meta().Trailers, Timeout: v.route.timeout,
	}
	if x.Request.Body != nil && v.carrier.Meta().Trailer != "" {
		v.after.begin(v.carrier, v.route.model, x.Request.Header)
		v.out.Announce, v.out.Trailer = v.after.announced, &v.after
	}
	failure := v.route.call.Do(x, &v.out, &v.answer)
	if failure == nil {
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
	case upstream.BodyTimeout:
		x.Fail(http.StatusRequestTimeout, failure.Reason, "The request's body did not arrive in time.")
	case upstream.BodyBroken:
		if errors.Is(failure, errBodySize) {
			v.tooLarge()
			return
		}
		x.Fail(http.StatusBadRequest, failure.Reason, "The request's body could not be read.")
	default:
		v.server.o.Logger.Debug("upstream call", "id", x.ID, "upstream", v.answer.Upstream,
			"endpoint", v.answer.Endpoint, "error", failure)
		x.Fail(http.StatusBadGateway, failure.Reason, "The backend could not be reached or gave no valid answer.")
	}
}

// end answers for a panic, gives back what the visit held, and says what happened.
func (v *visit) end() {
	failure := recover()
	if failure != nil && failure != errAbandoned { //nolint:errorlint // it is panicked with as it is
		v.server.o.Logger.Error("panic while serving a request", "id", v.x.ID, "panic", failure, "stack", string(debug.Stack()))
		if !v.begun {
			failure = v.apologize()
		} else {
			v.x.Reason, failure = "panic", errAbandoned
		}
	}
	v.answer.Close()
	if v.took == 0 {
		v.took = v.server.o.Clock().Sub(v.began)
	}
	v.account()
	v.free()
	if failure != nil {
		panic(failure)
	}
}

// apologize answers in place of what panicked; it returns what that panicked with, if it did.
func (v *visit) apologize() (failure any) {
	defer func() { failure = recover() }()
	v.x.Fail(http.StatusInternalServerError, "panic", "The gateway failed.")
	v.status = 0
	v.respond()
	return nil
}

// free gives the visit back. Nothing of the exchange is kept.
func (v *visit) free() {
	s := v.server
	*v = visit{}
	s.visits.Put(v)
}

// account counts and logs the request.
func (v *visit) account() {
	counts := v.server.metrics.Unmatched()
	if v.route != nil {
		counts = v.route.metrics
	}
	counts.Answered(v.status, v.took)
	if v.server.log == nil {
		return
	}
	x := v.x
	line := logLine{
		at: v.began, id: x.ID, client: x.Client, method: x.Request.Method, host: x.Request.Host, path: v.path,
		proto: v.proto, status: v.status, reason: x.Reason, consumer: x.Caller.Consumer,
		received: v.carrier.Received() + v.received, sent: v.carrier.Sent() + v.sent, took: v.server.o.Clock().Sub(v.began),
		upstream: v.answer.Upstream, endpoint: v.answer.Endpoint, retries: v.answer.Retries,
	}
	if v.gen != nil {
		line.listener, line.revision = v.listener.name, v.gen.bundle.Revision
	}
	if v.route != nil {
		line.api, line.route = v.route.api, v.route.name
	}
	v.server.log.write(&line)
}
