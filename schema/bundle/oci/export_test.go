package oci

import (
	"context"
	"net"
	"net/http"
)

// TransportOver returns the transport of all who ask for no other, over connections that dial makes.
func TransportOver(dial func(ctx context.Context, network, address string) (net.Conn, error)) http.RoundTripper {
	t := newTransport(nil)
	t.DialContext = dial
	return t
}

// DefaultKeychain is what finds credentials where no keychain is given.
var DefaultKeychain = defaultKeychain
