package runtime

import (
	"net/netip"
	"sync"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/metric"
)

// An admission counts the connections of a socket and bounds them, all together and those of one address.
type admission struct {
	mu        sync.Mutex
	open      int
	byAddress map[netip.Addr]int
	metrics   *metric.Listener
	// Bounds of 0 are none.
	most, mostOfAddress int
}

// Reasons why a connection is turned away.
const (
	manyConnections = "connections"
	manyOfAddress   = "connections-per-address"
)

// configure sets the bounds, for connections to come, and where they are counted.
func (a *admission) configure(m *metric.Listener, most, mostOfAddress int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most, a.mostOfAddress = most, mostOfAddress
	if a.metrics == m {
		return
	}
	for range a.open { // the listener has another name
		a.metrics.Closed()
		m.Opened()
	}
	a.metrics = m
}

// enter takes one more connection in; false: there are too many.
func (a *admission) enter(from netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := holder(from)
	switch {
	case a.most > 0 && a.open >= a.most:
		a.metrics.Refused(manyConnections)
		return false
	case a.mostOfAddress > 0 && a.byAddress[who] >= a.mostOfAddress:
		a.metrics.Refused(manyOfAddress)
		return false
	}
	if a.byAddress == nil {
		a.byAddress = map[netip.Addr]int{}
	}
	a.open++
	a.byAddress[who]++
	a.metrics.Opened()
	return true
}

// leave undoes enter.
func (a *admission) leave(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := holder(from)
	a.open--
	a.metrics.Closed()
	if a.byAddress[who]--; a.byAddress[who] <= 0 {
		delete(a.byAddress, who)
	}
}

// refused counts a request, or a whole connection, that was refused before there was a request.
func (a *admission) refused(reason string) {
	if reason == http1.ConnectionLimit { // enter has counted it
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.metrics.Refused(reason)
}

// holder returns whom an address counts for: of IPv6, one subscriber has a whole network of 64 bits (RFC 6177).
func holder(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		if network, err := a.Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return a
}
