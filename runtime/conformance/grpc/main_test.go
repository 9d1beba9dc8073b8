// Package grpc_test puts gwproxy between the reference client and the reference server of the Connect project's
// conformance suite, for gRPC, gRPC-Web and Connect, and holds the gateway's own answers to what gRPC clients take.
package grpc_test

import (
	"fmt"
	"os"
	"testing"
)

// The runner of the suite starts a command for each kind of server that it wants to test: this test's own binary,
// which is told by a variable in its environment to stand in for the gateway that serves already.
func TestMain(m *testing.M) {
	described, ok := os.LookupEnv(gatewayVariable)
	if !ok {
		os.Exit(m.Run())
	}
	if err := standIn(described); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
