package runtime_test

import (
	"io"
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

// An answer that the backend leaves unfinished ends with a code, not with a reset that clients take for a fault of the
// gateway's; and once the client's own time is over that is the code.
func TestUnfinishedAnswersToGRPCEndWithACode(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		_, _ = io.WriteString(w, "\x00\x00\x00\x00\x00")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	p := start(t)
	p.publish(gateway(t, backend.URL))
	for timeout, code := range map[string]string{"": "14", "1n": "4", "1H": "14", "1": "14", "99999999H": "14", "-1m": "14"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url()+"/", strings.NewReader("\x00\x00\x00\x00\x00"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("Te", "trailers")
		if timeout != "" {
			r.Header.Set("Grpc-Timeout", timeout)
		}
		answer, err := priorKnowledge(t).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || len(body) != 5 || answer.Trailer.Get("Grpc-Status") != code {
			t.Errorf("timeout %q: %q, %v, trailer %v, want code %s", timeout, body, err, answer.Trailer, code)
		}
	}
}
