package runtime

import (
	"errors"
	"net/http"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/upstream"
)

// respond writes x.Response to the client. An answer that cannot be completed ends its connection or stream, so that
// no client takes a part for the whole.
func (v *visit) respond() {
	x := v.x
	tunnel := v.tunnels()
	if v.status == 0 {
		v.status = x.Response.Status
	}
	v.begun = true
	if tunnel {
		v.tunnel()
		return
	}
	if v.grpc && x.Reason != "" {
		v.failGRPC()
	}
	x.Response.Header.Set("X-Request-Id", x.ID)
	v.reveal()
	err := v.carrier.Respond(x, v.trailer())
	if errors.Is(err, http1.ErrUnwritable) {
		v.answer.Close()
		x.Fail(http.StatusBadGateway, upstream.Other, "The backend gave no valid answer.")
		x.Response.Header.Set("X-Request-Id", x.ID)
		v.reveal()
		v.status = x.Response.Status
		err = v.carrier.Respond(x, nil)
	}
	if err != nil {
		v.broken(err)
		if !v.endGRPC() {
			panic(errAbandoned)
		}
	}
}

// trailer returns the fields after a backend's body; nil: the answer is the gateway's own.
func (v *visit) trailer() http1.Trailer {
	if v.x.Reason != "" || v.x.Response.Body == nil {
		return nil
	}
	return &v.answer
}

// broken notes why an answer ended early.
func (v *visit) broken(err error) {
	source, ok := errors.AsType[*http1.SourceError](err)
	if !ok {
		v.x.Reason = upstream.ClientGone
		return
	}
	failure := v.answer.Failure(source.Err)
	v.x.Reason = failure.Reason
	if failure.Reason != upstream.ClientGone && v.route != nil {
		v.route.metrics.Failed(v.answer.Upstream, failure.Reason)
	}
}
