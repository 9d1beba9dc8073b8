package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// settle is how long a proxy is left alone before its memory is read.
const settle = 3 * time.Second

// idleConnections is how many are held open to learn what one takes.
const idleConnections = 10_000

// measureMemory reads gwproxy's resident memory: with hardly a route, with many, and for a connection.
func (b *bench) measureMemory(ctx context.Context, r *results) error {
	err := b.withTable(ctx, 10, func(p *process, first load) error {
		idle, err := settledRSS(p)
		if err != nil {
			return err
		}
		r.Figures = append(r.Figures, newMemory("resident memory, 10 routes", idle, 20<<20))
		close, err := holdOpen(&first, idleConnections)
		defer close()
		if err != nil {
			return err
		}
		held, err := settledRSS(p)
		each := (held - idle) / idleConnections
		r.Figures = append(r.Figures, newMemory("for each of 10,000 idle keep-alive connections", each, 12<<10))
		return err
	})
	if err != nil {
		return err
	}
	return b.withTable(ctx, 5000, func(p *process, _ load) error {
		rss, err := settledRSS(p)
		r.Figures = append(r.Figures, newMemory("resident memory, 5,000 routes", rss, 40<<20))
		return err
	})
}

func settledRSS(p *process) (int64, error) {
	time.Sleep(settle)
	return p.rss()
}

func newMemory(what string, bytes, bound int64) figure {
	return figure{What: what, Value: size(bytes), Bound: "≤ " + size(bound), Met: bytes <= bound}
}

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.1f KB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

// holdOpen opens n connections and has one request answered on each. Calling close ends them, after an error too.
func holdOpen(l *load, n int) (close func(), err error) {
	var conns []net.Conn
	close = func() {
		for _, c := range conns {
			c.Close()
		}
	}
	if err := allowFiles(uint64(n) + 1000); err != nil {
		return close, err
	}
	request, err := http.NewRequest(http.MethodGet, l.url, http.NoBody)
	if err != nil {
		return close, err
	}
	_, request.Host, _ = strings.Cut(l.headers[0], ": ")
	for range n {
		c, err := net.Dial("tcp", request.URL.Host)
		if err != nil {
			return close, err
		}
		conns = append(conns, c)
		if err := askOn(c, request); err != nil {
			return close, err
		}
	}
	return close, nil
}

func askOn(c net.Conn, request *http.Request) error {
	if err := request.Write(c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), request)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d on a connection to be held open", answer.StatusCode)
	}
	return nil
}

// allowFiles lets this process have n files open.
func allowFiles(n uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= n {
		return nil
	}
	limit.Cur, limit.Max = n, max(n, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("%d files must be open at once: %w", n, err)
	}
	return nil
}
