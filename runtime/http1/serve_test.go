package http1_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// echo answers with what it was asked, and the body.
var echo = handle(func(c *http1.Conn, x *exchange.Exchange) {
	text := x.Request.Method + " " + x.Request.Path
	if x.Request.Body != nil {
		body, err := io.ReadAll(x.Request.Body)
		if err != nil {
			text += " " + err.Error()
		}
		text += " " + string(body)
	}
	x.Answer(200, "text/plain", text)
	_ = c.Respond(x, nil)
})

// deaf answers without a look at the body.
var deaf = handle(func(c *http1.Conn, x *exchange.Exchange) {
	x.Answer(413, "text/plain", "no")
	_ = c.Respond(x, nil)
})

const head = " HTTP/1.1\r\nHost: a\r\n"

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	_, address := serve(t, echo, http1.Options{})
	c := dial(t, address)
	c.send("GET /1" + head + "\r\nPOST /2" + head + "Content-Length: 2\r\n\r\nhiPOST /3" + head +
		"Transfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\n\r\nGET /4" + head + "Connection: close\r\n\r\n")
	for _, want := range []string{"GET /1", "POST /2 hi", "POST /3 ho", "GET /4"} {
		if _, got := c.answer("GET"); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	c.closed()
}

func TestRequestThatComesDuringAnAnswerIsServed(t *testing.T) {
	serving, sent := make(chan struct{}), make(chan struct{})
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		serving <- struct{}{}
		<-sent
		echo.ServeExchange(c, x)
	}), http1.Options{})
	c := dial(t, address)
	c.send("GET /0" + head + "\r\n")
	for _, path := range []string{"/1", "/2", "/3", ""} {
		<-serving
		if path != "" {
			c.send("GET " + path + head + "\r\n")
		}
		sent <- struct{}{}
	}
	for _, want := range []string{"GET /0", "GET /1", "GET /2", "GET /3"} {
		if _, got := c.answer("GET"); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestRequestsArriveInAnyPieces(t *testing.T) {
	_, address := serve(t, echo, http1.Options{})
	c := dial(t, address)
	for _, piece := range strings.SplitAfter("POST /1"+head+"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /2"+head+"\r\n", "") {
		c.send(piece)
		time.Sleep(time.Millisecond / 2)
	}
	for _, want := range []string{"POST /1 hi", "GET /2"} {
		if _, got := c.answer("GET"); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestWhatIsNoRequestIsAnsweredAndEndsTheConnection(t *testing.T) {
	_, address := serve(t, echo, http1.Options{Limits: http1.Limits{HeaderBytes: 1024, Fields: 5, TargetBytes: 100}})
	for name, tc := range map[string]struct {
		request string
		status  int
		reason  string
	}{
		"not a request":  {"hello\r\n\r\n", 400, "request-line"},
		"two lengths":    {"POST /" + head + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400, "length-twice"},
		"long target":    {"GET /" + strings.Repeat("a", 100) + head + "\r\n", 414, "target-size"},
		"endless target": {"GET /" + strings.Repeat("a", 500), 414, "target-size"},
		"long header":    {"GET /" + head + "A: " + strings.Repeat("a", 1024) + "\r\n\r\n", 431, "header-size"},
		"endless header": {"GET /" + head + "A: " + strings.Repeat("a", 2048), 431, "header-size"},
		"many fields":    {"GET /" + head + strings.Repeat("A: a\r\n", 5) + "\r\n", 431, "field-count"},
		"endless fields": {"GET /" + head + strings.Repeat("A: a\r\n", 6), 431, "field-count"},
		"coding":         {"POST /" + head + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "coding-unknown"},
		"version":        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "version-unknown"},
		"connect":        {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method-refused"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, address)
			c.send(tc.request)
			r, body := c.answer("GET")
			if r.StatusCode != tc.status || body != tc.reason || !r.Close {
				t.Errorf("got %d %q, close %v; want %d %q", r.StatusCode, body, r.Close, tc.status, tc.reason)
			}
			c.closed()
		})
	}
}

func TestFieldsUpToTheLimitAreTaken(t *testing.T) {
	_, address := serve(t, echo, http1.Options{Limits: http1.Limits{Fields: 5, TargetBytes: 100}})
	c := dial(t, address)
	c.send("GET /" + strings.Repeat("a", 99) + head + strings.Repeat("A: a\r\n", 4) + "\r\n")
	if r, _ := c.answer("GET"); r.StatusCode != 200 {
		t.Error(r.Status)
	}
}

func TestHTTP10(t *testing.T) {
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		x.Response = exchange.Response{Status: 200, Length: -1, Body: strings.NewReader("hello")}
		if x.Request.Path == "/known" {
			x.Response.Length = 5
		}
		_ = c.Respond(x, nil)
	}), http1.Options{})
	c := dial(t, address)
	for range 2 {
		c.send("GET /known HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		if r, body := c.answer("GET"); body != "hello" || r.Close || r.Header.Get("Connection") != "keep-alive" {
			t.Fatalf("%v %q", r.Header, body)
		}
	}
	c.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	if r, body := c.answer("GET"); body != "hello" || len(r.TransferEncoding) > 0 || !r.Close {
		t.Errorf("a body without a length: %v %q", r.Header, body)
	}
	c.closed()
}

func TestAnswersWithoutBody(t *testing.T) {
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		x.Answer(map[string]int{"/": 200, "/204": 204, "/304": 304}[x.Request.Path], "text/plain", "hello")
		_ = c.Respond(x, nil)
	}), http1.Options{})
	c := dial(t, address)
	c.send("HEAD /" + head + "\r\nGET /204" + head + "\r\nGET /304" + head + "\r\nGET /" + head + "Connection: close\r\n\r\n")
	got := []string{}
	for _, method := range []string{"HEAD", "GET", "GET", "GET"} {
		r, body := c.answer(method)
		got = append(got, r.Status+" "+r.Header.Get("Content-Length")+" "+body)
	}
	want := []string{"200 OK 5 ", "204 No Content  ", "304 Not Modified  ", "200 OK 5 hello"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.closed()
}

func TestContinueIsSentWhenTheBodyIsRead(t *testing.T) {
	_, address := serve(t, echo, http1.Options{})
	c := dial(t, address)
	c.send("POST /" + head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	if got := readHead(c.r); got != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("%q", got)
	}
	c.send("hi")
	if _, body := c.answer("POST"); body != "POST / hi" {
		t.Errorf("%q", body)
	}
}

func TestContinueIsNotSentWhenTheBodyIsNotRead(t *testing.T) {
	_, address := serve(t, deaf, http1.Options{})
	c := dial(t, address)
	c.send("POST /" + head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	if r, _ := c.answer("POST"); r.StatusCode != 413 || !r.Close {
		t.Errorf("%d, close %v", r.StatusCode, r.Close)
	}
	c.closed()
}

func TestShortBodyNobodyReadIsSkipped(t *testing.T) {
	_, address := serve(t, deaf, http1.Options{})
	c := dial(t, address)
	for range 3 {
		c.send("POST /" + head + "Content-Length: 1000\r\n\r\n" + strings.Repeat("x", 500))
		if r, _ := c.answer("POST"); r.Close {
			t.Error("the connection ends")
		}
		c.send(strings.Repeat("x", 500))
		c.send("POST /" + head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
		if r, _ := c.answer("POST"); r.Close {
			t.Error("the connection ends")
		}
	}
}

func TestLongBodyNobodyReadEndsTheConnectionAfterTheAnswer(t *testing.T) {
	_, address := serve(t, deaf, http1.Options{})
	for name, framing := range map[string]string{"length": "Content-Length: 8388608\r\n\r\n", "chunked": "Transfer-Encoding: chunked\r\n\r\n800000\r\n"} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, address)
			c.send("POST /" + head + framing)
			if _, err := c.Write(make([]byte, 8<<20)); err != nil { // all of it, before the answer is looked at
				t.Fatal(err)
			}
			if r, body := c.answer("POST"); r.StatusCode != 413 || body != "no" {
				t.Errorf("%d %q", r.StatusCode, body)
			}
		})
	}
}

func TestUnwritableAnswerGivesWayToAnother(t *testing.T) {
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		x.Answer(200, "text/plain", "hello")
		x.Response.Header.Add("X-A", "b\r\nContent-Length: 0")
		if err := c.Respond(x, nil); !errors.Is(err, http1.ErrUnwritable) {
			t.Errorf("Respond: %v", err)
		}
		x.Answer(500, "text/plain", "sorry")
		_ = c.Respond(x, nil)
	}), http1.Options{})
	c := dial(t, address)
	for range 2 {
		c.send("GET /" + head + "\r\n")
		if r, body := c.answer("GET"); r.StatusCode != 500 || body != "sorry" || r.Header.Get("X-A") != "" {
			t.Errorf("%v %q", r, body)
		}
	}
}
