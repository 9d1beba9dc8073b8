package runtime

import (
	"errors"
	"io"
	"net/http"
)

var errBodySize = errors.New("the request's body is larger than the route takes")

// A boundedBody is a request's body of unknown length, up to a route's bound.
type boundedBody struct {
	from io.Reader
	left int64
	last [1]byte
}

// bound holds the request's body to the route's bound; false: the answer is that it is too large.
func (v *visit) bound() bool {
	most, r := int64(v.route.maxBody), &v.x.Request
	switch {
	case most <= 0 || r.Body == nil:
	case r.Length > most:
		v.tooLarge()
		return false
	case r.Length < 0:
		v.body = boundedBody{from: r.Body, left: most}
		r.Body = &v.body
	}
	return true
}

// tooLarge answers a request whose body is larger than the route takes.
func (v *visit) tooLarge() {
	v.x.Fail(http.StatusRequestEntityTooLarge, "body-size", "The request's body is larger than this route takes.")
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		n, err := b.from.Read(b.last[:])
		if n > 0 {
			return 0, errBodySize
		}
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.from.Read(p)
	b.left -= int64(n)
	return n, err
}

// Ready reports what the body does: whether a Read returns at once.
func (b *boundedBody) Ready() bool {
	from, ok := b.from.(interface{ Ready() bool })
	return ok && from.Ready()
}
