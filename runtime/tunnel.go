package runtime

import (
	"net/http"

	"gwc.dev/runtime/upstream"
)

// tunnel joins the client's connection and the backend's, after both have changed to another protocol, until both
// have ended. It lives on through swaps; a drain waits for it.
func (v *visit) tunnel() {
	x := v.x
	call, client := v.answer.Tunnel(), v.carrier.(tunneler)
	x.Response.Header.Set("X-Request-Id", x.ID)
	v.took = v.server.o.Clock().Sub(v.began)
	var err error
	v.received, v.sent, err = client.Tunnel(x, call)
	if err != nil {
		x.Reason = upstream.ClientGone
	}
}

// tunnels reports whether the answer is one that a tunnel begins with, for a client that asked for it. Else it takes
// its place.
func (v *visit) tunnels() bool {
	if v.x.Response.Status != http.StatusSwitchingProtocols {
		return false
	}
	if v.answer.Tunnel() != nil && upgrade(v.carrier) != "" {
		return true
	}
	v.x.Fail(http.StatusBadGateway, upstream.Other, "The backend gave no valid answer.")
	return false
}
