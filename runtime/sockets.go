package runtime

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gwc.dev/schema"
)

// sockets are the addresses that are listened on. A generation takes over those that it also has, whatever
// its listeners are called and whether they speak TLS.
type sockets struct {
	server *Server

	mu   sync.Mutex
	open map[string]*socket // by listener key
	gone sync.WaitGroup     // sockets that are being closed
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
		fresh = append(fresh, all.server.newSocket(key, ln, l))
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
		go s.serveAll()
	}
	for key, s := range all.open {
		if l := g.listeners[key]; l != nil {
			s.configure(l)
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

// drain closes all sockets; it returns how many of their connections were cut when ctx ended.
func (all *sockets) drain(ctx context.Context) int {
	all.mu.Lock()
	open := all.open
	all.open = map[string]*socket{}
	all.mu.Unlock()
	var cut atomic.Int64
	for _, s := range open {
		all.gone.Go(func() { cut.Add(int64(s.close(ctx))) })
	}
	all.gone.Wait()
	return int(cut.Load())
}
