package grpc_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
)

// gatewayVariable holds, as JSON, the gateway that a stand-in puts in the place of what the runner tests.
const gatewayVariable = "GWC_CONFORMANCE_GATEWAY"

// A described gateway is where the gateway under test can be reached.
type described struct {
	Cleartext, TLS string // host and port
	Certificate    []byte // that of TLS, in PEM
	Client         string // the reference client, if the runner tests one; else it tests a server
}

// standIn is the command that the runner takes for what it tests.
func standIn(gateway string) error {
	var d described
	if err := json.Unmarshal([]byte(gateway), &d); err != nil {
		return err
	}
	if d.Client != "" {
		return d.client()
	}
	return d.server()
}

// server says where the gateway is, and lasts until it is told to end.
func (d described) server() error {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	message, err := readMessage(os.Stdin)
	if err != nil {
		return err
	}
	useTLS, err := wantsTLS(message)
	if err != nil {
		return err
	}
	address, certificate := d.Cleartext, []byte(nil)
	if useTLS {
		address, certificate = d.TLS, d.Certificate
	}
	host, port, err := splitAddress(address)
	if err != nil {
		return err
	}
	if err := writeMessage(os.Stdout, serverResponse{host, port, certificate}.marshal()); err != nil {
		return err
	}
	<-ended
	return nil
}

// client is the reference client, which is told to make its calls at the gateway.
func (d described) client() error {
	host, port, err := splitAddress(d.Cleartext)
	if err != nil {
		return err
	}
	cmd := exec.Command(d.Client)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	calls, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for err == nil {
		var message []byte
		if message, err = readMessage(os.Stdin); err == nil {
			err = writeMessage(calls, redirected(message, host, port))
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, calls.Close(), cmd.Wait())
}

func splitAddress(address string) (host string, port uint64, err error) {
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.ParseUint(number, 10, 16)
	return host, port, err
}
