package chain_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// syncTarget is asked for, on a connection of its own, when a case is over: what it caused is seen by then.
const syncTarget = "/sync"

// send sends a case's bytes to an address and returns the answers, as [answerText] writes them. It ends its direction
// when there are as many answers as the case expects, or when none has come for as long as it is patient, and reads on
// to the end.
func (c *wireCase) send(t *testing.T, address string, patience time.Duration) []string {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: limit}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = conn.Write(c.input) // it may be refused before its end
		if c.cut {
			_ = conn.(*net.TCPConn).CloseWrite() // as above
		}
	}()
	var answers []string
	r := bufio.NewReader(conn)
	for len(answers) < len(c.answers) {
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		answer, err := readAnswer(r, c.method(len(answers)))
		if err != nil {
			break
		}
		answers = append(answers, answer)
	}
	<-sent
	_ = conn.(*net.TCPConn).CloseWrite() // it may have been ended
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	for {
		answer, err := readAnswer(r, c.method(len(answers)))
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection is still open though the client has ended it")
			}
			return answers
		}
		answers = append(answers, answer)
	}
}

// limit bounds what is expected to happen at once.
const limit = 20 * time.Second

// method is that of the request that the i-th answer is for.
func (c *wireCase) method(i int) string {
	if i < len(c.methods) {
		return c.methods[i]
	}
	return http.MethodGet
}

// readAnswer reads a final answer: "200 of request 1" from the backend, its status alone from a proxy, and with the
// body where a case has set it.
func readAnswer(r *bufio.Reader, method string) (string, error) {
	for {
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return "", err
		}
		if answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		body, err := io.ReadAll(answer.Body)
		out := fmt.Sprint(answer.StatusCode)
		switch {
		case answer.Header.Get("Seen") != "":
			out += " of request " + answer.Header.Get("Seen")
		case answer.Header.Get("Made-Up") != "":
			out += fmt.Sprintf(" %q", body)
		}
		if err != nil {
			return out + " " + err.Error(), nil
		}
		return out, nil
	}
}

// settle returns when all that came in before has been dealt with.
func settle(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+syncTarget, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.Close = "a", true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", syncTarget, answer.Status)
	}
}
