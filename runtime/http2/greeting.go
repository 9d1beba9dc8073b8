package http2

import (
	"net"
	"sync"
)

const (
	frameHead    = 9   // RFC 9113, section 4.1
	typeAt       = 3   // in a frame's head, after the length
	settingsType = 0x4 // RFC 9113, section 6.5
)

// A greeted connection is one to an endpoint that tells when the endpoint's preface has come: a frame of settings
// (RFC 9113, section 3.4). Before that net/http goes by a number of streams that the endpoint may not allow, and calls
// beyond the true one would block one another.
type greeted struct {
	net.Conn
	seen, length int // of the first frame: the bytes that have come, and those that its head announces

	once sync.Once
	done chan struct{}
	err  error // why there is none; set when done is closed
}

func greet(conn net.Conn) *greeted { return &greeted{Conn: conn, done: make(chan struct{})} }

// Read implements [net.Conn]. Whoever reads on has dealt with all that came before.
func (g *greeted) Read(p []byte) (int, error) {
	if g.whole() {
		g.end(nil)
		return g.Conn.Read(p)
	}
	n, err := g.Conn.Read(p)
	for _, b := range p[:n] {
		switch {
		case g.seen < typeAt:
			g.length = g.length<<8 | int(b)
		case g.seen == typeAt && b != settingsType:
			g.end(errAnswer)
		}
		g.seen++
	}
	if err != nil {
		g.end(err)
	}
	return n, err
}

func (g *greeted) whole() bool { return g.seen >= frameHead+g.length }

// Close implements [net.Conn].
func (g *greeted) Close() error {
	g.end(net.ErrClosed)
	return g.Conn.Close()
}

func (g *greeted) end(err error) {
	g.once.Do(func() {
		g.err = err
		close(g.done)
	})
}
