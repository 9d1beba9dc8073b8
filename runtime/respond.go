package runtime

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"gwc.dev/runtime/upstream"
)

// A bufferPool holds buffers for copying bodies.
type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (p *bufferPool) get() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, bufferSize)
	return &b
}

func (p *bufferPool) put(b *[]byte) { p.pool.Put(b) }

// respond writes x.Response to the client. An answer that cannot be completed ends its connection, so that no
// client takes a part for the whole.
func (v *visit) respond() {
	x := &v.x
	if v.status == 0 {
		v.status = x.Response.Status
	}
	if x.Response.Status == http.StatusSwitchingProtocols {
		v.tunnel()
		return
	}
	out := &x.Response
	control := http.NewResponseController(v.w)
	_ = control.SetWriteDeadline(time.Now().Add(stall)) // a connection without deadlines has none
	v.header(v.w.Header())
	if v.body != nil && !v.body.whole() {
		v.early(control)
	}
	v.begun = true
	v.w.WriteHeader(out.Status)
	if out.Body == nil || v.r.Method == http.MethodHead || !hasBody(out.Status) {
		return
	}
	if err := v.copy(control); err != nil {
		panic(http.ErrAbortHandler)
	}
	v.trailer()
}

// early prepares for an answer to a request whose body has not all come yet.
func (v *visit) early(control *http.ResponseController) {
	v.body.bound(time.Now().Add(stall)) // for net/http, which reads some of the rest
	if v.answer == nil || v.r.ProtoMajor != 1 {
		return
	}
	// The backend answers while it is still being sent the body. net/http would take the rest of the body
	// away from it; told not to, it cannot use the connection again.
	_ = control.EnableFullDuplex() // HTTP/1 has it
	v.w.Header().Set("Connection", "close")
}

// header fills in the fields of the answer.
func (v *visit) header(h http.Header) {
	out := &v.x.Response
	for _, f := range out.Header {
		name := http.CanonicalHeaderKey(f.Name)
		if upstream.Framing(name) {
			continue // the connection's own are net/http's to write
		}
		h[name] = append(h[name], f.Value)
	}
	h["X-Request-Id"] = []string{v.x.ID}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // none said, none guessed
	}
	if out.Length >= 0 && hasBody(out.Status) && !(out.Length == 0 && out.Body != nil) {
		h["Content-Length"] = []string{strconv.FormatInt(out.Length, 10)}
	}
	if v.answer != nil {
		for name := range v.answer.Trailer() {
			h.Add("Trailer", name)
		}
	}
}

// trailer passes on the fields that came after the body. Those that were not announced need net/http's prefix.
func (v *visit) trailer() {
	if v.answer == nil {
		return
	}
	h := v.w.Header()
	announced := h["Trailer"]
	for name, values := range v.answer.Trailer() {
		if !hasToken(announced, name) {
			name = http.TrailerPrefix + name
		}
		h[name] = values
	}
}

// copy sends the body. What comes piece by piece goes out piece by piece.
func (v *visit) copy(control *http.ResponseController) error {
	out := &v.x.Response
	buffer := v.server.buffers.get()
	defer v.server.buffers.put(buffer)
	if out.Length < 0 { // an event stream begins before its first event
		if err := control.Flush(); err != nil {
			v.x.Reason = upstream.ClientGone
			return err
		}
	}
	for first := true; ; first = false {
		n, readErr := out.Body.Read(*buffer)
		if n > 0 {
			if !first {
				_ = control.SetWriteDeadline(time.Now().Add(stall))
			}
			sent, err := v.w.Write((*buffer)[:n])
			v.sent += int64(sent)
			if err == nil && out.Length < 0 {
				err = control.Flush()
			}
			if err != nil {
				v.x.Reason = upstream.ClientGone
				return err
			}
		}
		switch {
		case errors.Is(readErr, io.EOF):
			return nil
		case readErr != nil:
			v.x.Reason = upstream.Reset
			if v.answer != nil {
				failure := v.answer.Failure(readErr)
				v.x.Reason = failure.Reason
				if failure.Reason != upstream.ClientGone {
					v.route.metrics.Failed(v.answer.Upstream, failure.Reason)
				}
			}
			return readErr
		}
	}
}

// hasBody reports whether answers of a status have a body at all.
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
