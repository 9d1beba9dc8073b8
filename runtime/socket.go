package runtime

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gwc.dev/schema"
)

const (
	readHeaderTimeout = 15 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// sockets are the addresses that are listened on. A generation takes over those that it also has, whatever
// its listeners are called and whether they speak TLS.
type sockets struct {
	server *Server

	mu   sync.Mutex
	open map[string]*socket // by listener key
	gone sync.WaitGroup     // sockets that are being closed
}

// A socket is one address that is listened on.
type socket struct {
	server *Server
	key    string
	net    net.Listener
	http   *http.Server
	base   *tls.Config
	// last is the newest generation that has the socket, once there is one in force that has not.
	last atomic.Pointer[generation]
}

func newSockets(s *Server) *sockets {
	return &sockets{server: s, open: map[string]*socket{}}
}

// listen opens the addresses that g needs and that are not open yet. With any problem it opens none.
func (all *sockets) listen(g *generation) ([]*socket, []schema.Problem) {
	var fresh []*socket
	var problems []schema.Problem
	for key, l := range schema.Sorted(g.listeners) {
		if all.get(key) != nil {
			continue
		}
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", l.address)
		if err != nil {
			problems = append(problems, schema.Problem{
				Path: schema.NewPath("listeners", l.name, "port"), Code: "listener-port",
				Message: fmt.Sprintf("listening on %q: %v", l.address, reasonOf(err)),
				Hint:    fmt.Sprintf("free the address, or give another one with --listen %s=HOST:PORT", l.name),
			})
			continue
		}
		fresh = append(fresh, all.server.newSocket(key, ln))
	}
	if len(problems) > 0 {
		for _, s := range fresh {
			s.net.Close()
		}
		return nil, problems
	}
	return fresh, nil
}

// take makes the sockets those of g, which is in force by now: fresh ones begin to serve, and those that g
// does not have close as their requests end.
func (all *sockets) take(g *generation, fresh []*socket, drain time.Duration) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, s := range fresh {
		all.open[s.key] = s
		go s.http.Serve(s) //nolint:errcheck // ends with ErrServerClosed
	}
	for key, s := range all.open {
		if g.listeners[key] != nil {
			continue
		}
		delete(all.open, key)
		all.gone.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), drain)
			defer cancel()
			s.close(ctx)
		})
	}
}

// retire tells the sockets that next does not have which generation to go on with. It is called before next
// is in force, so that no request finds neither.
func (all *sockets) retire(next, inForce *generation) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for key, s := range all.open {
		if next.listeners[key] == nil {
			s.last.Store(inForce)
		}
	}
}

// listeners returns g's listeners by name.
func (all *sockets) listeners(g *generation) []ListenerStatus {
	all.mu.Lock()
	defer all.mu.Unlock()
	out := []ListenerStatus{}
	for key, l := range g.listeners {
		status := ListenerStatus{Name: l.name, Address: l.address, TLS: l.tls != nil}
		if s := all.open[key]; s != nil {
			status.Address = s.Addr().String()
		}
		out = append(out, status)
	}
	slices.SortFunc(out, func(a, b ListenerStatus) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (all *sockets) get(key string) *socket {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.open[key]
}

// drain closes all sockets; it returns how many of them still had requests when ctx ended.
func (all *sockets) drain(ctx context.Context) int {
	all.mu.Lock()
	open := all.open
	all.open = map[string]*socket{}
	all.mu.Unlock()
	var cut atomic.Int64
	for _, s := range open {
		all.gone.Go(func() {
			if !s.close(ctx) {
				cut.Add(1)
			}
		})
	}
	all.gone.Wait()
	return int(cut.Load())
}

func (s *Server) newSocket(key string, ln net.Listener) *socket {
	k := &socket{server: s, key: key, net: ln}
	k.base = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if _, l := k.serving(); l != nil && l.tls != nil {
			return l.tls, nil
		}
		return nil, errors.New("the listener no longer speaks TLS")
	}}
	k.http = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(k, w, r) }),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          s.quietLog(),
		// "OPTIONS *" is a request like any other.
		DisableGeneralOptionsHandler: true,
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle { // the deadline of the last answer's writes
				_ = c.SetWriteDeadline(time.Time{}) // fails on a closed connection only
			}
		},
	}
	return k
}

// serving returns what the socket serves by.
func (s *socket) serving() (*generation, *listener) {
	if g := s.server.current.Load(); g != nil {
		if l := g.listeners[s.key]; l != nil {
			return g, l
		}
	}
	if g := s.last.Load(); g != nil {
		return g, g.listeners[s.key]
	}
	return nil, nil
}

// Accept implements [net.Listener]: a connection speaks what the listener in force speaks.
func (s *socket) Accept() (net.Conn, error) {
	conn, err := s.net.Accept()
	if err != nil {
		return nil, err
	}
	if _, l := s.serving(); l != nil && l.tls != nil {
		return tls.Server(conn, s.base), nil
	}
	return conn, nil
}

// Close implements [net.Listener].
func (s *socket) Close() error { return s.net.Close() }

// Addr implements [net.Listener].
func (s *socket) Addr() net.Addr { return s.net.Addr() }

// close stops listening and waits for requests until ctx ends; it reports whether all had ended.
func (s *socket) close(ctx context.Context) bool {
	err := s.http.Shutdown(ctx)
	if err != nil {
		s.http.Close()
	}
	return err == nil
}

// quietLog takes what net/http says about clients: handshakes that fail, requests that are none.
func (s *Server) quietLog() *log.Logger {
	return slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug)
}
