package main

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// grpcCommand is the argument that makes this program the backend of gRPC, so that it can run on a core of its own.
const grpcCommand = "grpc-backend"

// grpcMessage is a message of five bytes in gRPC's framing.
const grpcMessage = "\x00\x00\x00\x00\x05hello"

// serveGRPC answers unary calls with their own message, over HTTP/2 without TLS, until the context ends.
func serveGRPC(ctx context.Context, address string) error {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Addr: address, Protocols: protocols, Handler: http.HandlerFunc(echo)}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func echo(w http.ResponseWriter, r *http.Request) {
	message, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	_, _ = w.Write(message) // a caller that is gone needs no answer
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
}
