package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"
)

// A Status is what a suite needs of gwproxy's own account of itself.
type Status struct {
	Ready     bool
	Draining  bool
	Active    *struct{ Serial uint64 }
	Refused   *struct{ Reason, Message string }
	Listeners []struct{ Name, Address string }
}

// Bundle returns the bundle that gwproxy follows.
func (g *Gateway) Bundle(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(g.bundle)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Publish replaces the bundle that gwproxy follows, in one step, and waits until it is in force. Its serial is the next
// one or a later one.
func (g *Gateway) Publish(t testing.TB, bundle []byte, serial uint64) {
	t.Helper()
	write(t, g.bundle+".new", bundle)
	if err := os.Rename(g.bundle+".new", g.bundle); err != nil {
		t.Fatal(err)
	}
	g.await(t, fmt.Sprintf("has taken serial %d", serial), func(s Status) bool {
		if s.Refused != nil {
			t.Fatalf("gwproxy refuses the bundle: %s: %s", s.Refused.Reason, s.Refused.Message)
		}
		return s.Active != nil && s.Active.Serial == serial
	})
}

// Drain sends SIGTERM and waits until gwproxy says that it drains.
func (g *Gateway) Drain(t testing.TB) {
	t.Helper()
	g.Terminate(t)
	g.await(t, "drains", func(s Status) bool { return s.Draining })
}

// Ask returns what a path of the admin port answers.
func (g *Gateway) Ask(t testing.TB, path string) []byte {
	t.Helper()
	data, err := g.ask(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (g *Gateway) ask(path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+g.admin+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// await waits for a status.
func (g *Gateway) await(t testing.TB, what string, reached func(Status) bool) Status {
	t.Helper()
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var status Status
		data, err := g.ask("/status")
		if err == nil {
			err = json.Unmarshal(data, &status)
		}
		if last = err; err == nil && reached(status) {
			return status
		}
		select {
		case <-g.done:
			t.Fatalf("gwproxy ended: %v\n%s", g.err, g.log.String())
		default:
		}
	}
	t.Fatalf("gwproxy: not seen within %s that it %s: %v", patience, what, last)
	return Status{}
}
