package grpc_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages by which the runner and a server get to know each other, which the suite publishes as definitions only
// (connectrpc/conformance/v1/server_compat.proto and client_compat.proto). A message goes through a pipe
// after its length in four bytes.

// maxMessage bounds a message, in bytes.
const maxMessage = 16 << 20

func readMessage(r io.Reader) ([]byte, error) {
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return nil, fmt.Errorf("reading the length of a message: %w", err)
	}
	if length > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes is too long", length)
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	return message, nil
}

func writeMessage(w io.Writer, message []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
	return err
}

// A serverRequest is a ServerCompatRequest: the server that is asked for.
type serverRequest struct {
	httpVersion uint64 // 1 or 2
	receive     uint64 // the longest message that the server takes, in bytes
	certificate []byte // in PEM; nil: cleartext
	key         []byte
}

func (r serverRequest) marshal() []byte {
	const protocol, httpVersion, useTLS, receive, credentials = 1, 2, 4, 6, 7
	const anyProtocol = 1 // the reference server speaks all, whichever it is asked for
	b := appendVarint(nil, protocol, anyProtocol)
	b = appendVarint(b, httpVersion, r.httpVersion)
	b = appendVarint(b, receive, r.receive)
	if r.certificate != nil {
		b = appendVarint(b, useTLS, 1)
		b = appendBytes(b, credentials, appendBytes(appendBytes(nil, 1, r.certificate), 2, r.key))
	}
	return b
}

// wantsTLS reads from a ServerCompatRequest whether the server is to speak TLS.
func wantsTLS(request []byte) (bool, error) {
	const useTLS = 4
	wants := false
	err := eachField(request, func(number protowire.Number, varint uint64, _ []byte) {
		if number == useTLS {
			wants = varint != 0
		}
	})
	return wants, err
}

// A serverResponse is a ServerCompatResponse: where the server is.
type serverResponse struct {
	host        string
	port        uint64
	certificate []byte // in PEM; nil: cleartext
}

const responseHost, responsePort, responseCertificate = 1, 2, 3

func (r serverResponse) marshal() []byte {
	b := appendBytes(nil, responseHost, []byte(r.host))
	b = appendVarint(b, responsePort, r.port)
	return appendBytes(b, responseCertificate, r.certificate)
}

func (r *serverResponse) unmarshal(b []byte) error {
	return eachField(b, func(number protowire.Number, varint uint64, content []byte) {
		switch number {
		case responseHost:
			r.host = string(content)
		case responsePort:
			r.port = varint
		case responseCertificate:
			r.certificate = content
		}
	})
}

// redirected returns a ClientCompatRequest that names another server: the last of several values of a field holds.
func redirected(request []byte, host string, port uint64) []byte {
	const serverHost, serverPort = 6, 7
	return appendVarint(appendBytes(request, serverHost, []byte(host)), serverPort, port)
}

func appendVarint(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

func appendBytes(b []byte, number protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
}

// eachField calls visit with the fields of a message, which are all of one of two types: a number or bytes.
func eachField(b []byte, visit func(number protowire.Number, varint uint64, content []byte)) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var varint uint64
		var content []byte
		switch kind {
		case protowire.VarintType:
			varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(b)
		default:
			return errors.New("a field is neither a number nor bytes")
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		visit(number, varint, content)
		b = b[n:]
	}
	return nil
}
