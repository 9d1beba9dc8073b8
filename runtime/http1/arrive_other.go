//go:build !linux

package http1

// An arrival waits for a client's next request.
type arrival struct{}

func (a *arrival) init(*wire, *Reader) {}

// wait waits until r has something buffered; false: nothing will come.
func (a *arrival) wait(r *Reader) bool { return r.need(1) == nil }
