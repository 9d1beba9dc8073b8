package runtime_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"gwc.dev/runtime"
)

// plain returns what sends one request through a proxy and reads its answer, over connections that stay open. Neither
// the client nor the backend allocates.
func plain(t testing.TB, p *proxy) func() {
	const request = "GET /a/b?c=d HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: test/1.0\r\nAccept: */*\r\nCookie: a=b\r\n\r\n"
	backend, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { backend.Close() })
	go func() {
		answer := []byte("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + string(make([]byte, 1024)))
		for {
			c, err := backend.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buffer := make([]byte, 4096)
				for {
					if n, err := c.Read(buffer); err != nil || !bytes.HasSuffix(buffer[:n], []byte("\r\n\r\n")) {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	p.publish(gateway(t, "http://"+backend.Addr().String()))
	c, err := net.Dial("tcp", p.address("http"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	out, in := []byte(request), make([]byte, 4096)
	return func() {
		if _, err := c.Write(out); err != nil {
			t.Fatal(err)
		}
		for n := 0; ; {
			m, err := c.Read(in[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
			if head := bytes.Index(in[:n], []byte("\r\n\r\n")); head > 0 && n >= head+4+1024 {
				if !bytes.HasPrefix(in, []byte("HTTP/1.1 200 OK\r\n")) {
					t.Fatalf("answer %q", in[:n])
				}
				return
			}
		}
	}
}

func TestAPlainRequestAllocatesNothing(t *testing.T) {
	p := start(t, func(o *runtime.Options) { o.AccessLog = nil })
	one := plain(t, p)
	for range 100 {
		one()
	}
	if n := testing.AllocsPerRun(2000, one); n > pooled {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPlain(b *testing.B) {
	for name, log := range map[string]io.Writer{"without a log": nil, "with a log": io.Discard} {
		b.Run(name, func(b *testing.B) {
			one := plain(b, start(b, func(o *runtime.Options) { o.AccessLog = log }))
			b.ReportAllocs()
			for b.Loop() {
				one()
			}
		})
	}
}
