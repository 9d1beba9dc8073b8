//go:build !linux

package http1

// An arrival waits for a client's next request.
type arrival struct{}

func (a *arrival) init(*Conn) {}

// wait waits until a request has come; false: none will.
func (a *arrival) wait(c *Conn) bool { return c.reader.need(1) == nil }

// ended reports whether the peer has ended its side unnoticed.
func (a *arrival) ended() bool { return false }
