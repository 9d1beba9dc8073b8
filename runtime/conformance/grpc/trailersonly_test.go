package grpc_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/conformance/gateway"
)

// An answer is what of a failure is gRPC's on the wire.
type answer struct {
	Status              int
	Type, Code, Message string
	Body                string
	Trailer             http.Header
}

// Clients that are not grpc-go see the form of a failure, too: what gRPC calls Trailers-Only.
func TestAFailureHasItsStatusInTheHeader(t *testing.T) {
	g := startFailing(t, gateway.NewCertificate(t))
	refused := answer{Status: 200, Type: "application/grpc", Code: "12", Message: "Not Found: no-route"}
	tests := map[string]answer{
		"application/grpc":          refused,
		"application/grpc+proto":    refused,
		"application/grpc;x=y":      refused,
		"application/grpc-web":      {Status: 404, Type: "application/problem+json"},
		"application/grpc-web+json": {Status: 404, Type: "application/problem+json"},
		"application/json":          {Status: 404, Type: "application/problem+json"},
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	for contentType, want := range tests {
		t.Run(contentType, func(t *testing.T) {
			got := post(t, transport, "http://"+g.Address("http")+"/test.Unknown/Call", contentType)
			if want.Status != http.StatusOK {
				got.Body = "" // a problem document
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// post sends an empty message of gRPC.
func post(t *testing.T, transport *http.Transport, url, contentType string) answer {
	t.Helper()
	message := strings.NewReader("\x00\x00\x00\x00\x00")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, message)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Te", "trailers")
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{
		Status: response.StatusCode, Type: response.Header.Get("Content-Type"), Code: response.Header.Get("Grpc-Status"),
		Message: response.Header.Get("Grpc-Message"), Body: string(body), Trailer: response.Trailer,
	}
}
