package upstream

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A version is one of those of HTTP that a connection may speak.
type version int

const (
	version1 version = iota // HTTP/1.1
	version2                // HTTP/2
	versions
)

// A negotiation dials an endpoint that chooses the version itself, and may choose otherwise the next time. A
// connection that was dialled for one version and speaks the other is not lost: the call that it was for is made
// again, over the other version, and finds it.
type negotiation struct {
	dial   dialer       // offers both
	chosen atomic.Int32 // the version that was chosen last

	mu     sync.Mutex
	handed [versions]net.Conn // by the other version; nil: none
}

// errOtherVersion says that the endpoint has chosen the other version; nothing was sent.
var errOtherVersion = &Failure{ConnectFailure, errors.New("the endpoint chose another version of HTTP each time")}

// handTime is how long a connection waits for the call that it is handed over for.
const handTime = 5 * time.Second

// last returns the version that the endpoint chose last.
func (n *negotiation) last() version { return version(n.chosen.Load()) }

// dialer returns the dialer for one version.
func (n *negotiation) dialer(v version) dialer {
	return func(ctx context.Context) (net.Conn, error) {
		if conn := n.take(v); conn != nil {
			return conn, nil
		}
		conn, err := n.dial(ctx)
		if err != nil {
			return nil, err
		}
		chosen := version1
		if speaksHTTP2(conn) {
			chosen = version2
		}
		n.chosen.Store(int32(chosen))
		if chosen == v {
			return conn, nil
		}
		n.hand(chosen, conn)
		return nil, errOtherVersion
	}
}

// hand keeps a connection for the next dialler of a version, in place of one that is there already.
func (n *negotiation) hand(v version, conn net.Conn) {
	n.mu.Lock()
	before := n.handed[v]
	n.handed[v] = conn
	n.mu.Unlock()
	if before != nil {
		before.Close()
	}
	time.AfterFunc(handTime, func() { n.drop(v, conn) })
}

// take returns the connection that was handed to a version; nil: none was.
func (n *negotiation) take(v version) net.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	conn := n.handed[v]
	n.handed[v] = nil
	return conn
}

// drop closes a connection that nobody came for.
func (n *negotiation) drop(v version, conn net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.handed[v] == conn {
		n.handed[v] = nil
		conn.Close()
	}
}
