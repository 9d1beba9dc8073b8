package runtime_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema"
)

// priorKnowledge is a client that speaks HTTP/2 without TLS.
func priorKnowledge(t testing.TB) *http.Client {
	c := client(t)
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	c.Transport.(*http.Transport).Protocols = protocols
	return c
}

func TestTheGatewaysOwnAnswersToGRPCAreInItsForm(t *testing.T) {
	p := start(t)
	p.publish(gateway(t, "http://"+closedPort(t), func(_ *schema.Gateway, r *schema.Route) {
		r.Match = &schema.Match{Path: &schema.PathMatch{Prefix: "/pkg.Service"}}
	}))
	c := priorKnowledge(t)
	type outcome struct {
		Status                    int
		Type, Code, Message, Body string
	}
	tests := map[string]struct {
		path, contentType string
		want              outcome
	}{
		"no route": {"/other.Service/Method", "application/grpc", outcome{200, "application/grpc", "12", "Not Found: no-route", ""}},
		"no backend": {
			"/pkg.Service/Method", "application/grpc+proto",
			outcome{200, "application/grpc", "14", "Bad Gateway: connect-failure", ""},
		},
		"gRPC-Web": {"/other.Service/Method", "application/grpc-web", outcome{Status: 404, Type: "application/problem+json"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url()+test.path, strings.NewReader("\x00\x00\x00\x00\x00"))
			if err != nil {
				t.Fatal(err)
			}
			a := send(t, c, r, "Content-Type: "+test.contentType, "Te: trailers")
			got := outcome{a.Status, a.Header.Get("Content-Type"), a.Header.Get("Grpc-Status"), a.Header.Get("Grpc-Message"), a.Body}
			if test.want.Type == "application/problem+json" {
				got.Body = ""
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}
