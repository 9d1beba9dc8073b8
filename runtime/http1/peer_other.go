//go:build !linux

package http1

import "net"

// hungUp reports nothing where the system does not tell: a client that is gone shows when it is written to.
func hungUp(net.Conn) bool { return false }

// disturbed reports nothing either: a connection that has ended shows on its next use.
func disturbed(net.Conn) bool { return false }
