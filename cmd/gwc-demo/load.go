package main

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// load is clients that ask for one URL as fast as they are answered.
type load struct {
	url          string
	done         chan struct{}
	clients      sync.WaitGroup
	sent, failed atomic.Int64
}

func startLoad(url string, clients int) *load {
	l := &load{url: url, done: make(chan struct{})}
	for range clients {
		l.clients.Go(l.client)
	}
	return l
}

func (l *load) client() {
	for {
		select {
		case <-l.done:
			return
		default:
		}
		l.sent.Add(1)
		if !answered(l.url) {
			l.failed.Add(1)
		}
	}
}

// answered reports whether a request gets a whole answer with status 200.
func answered(url string) bool {
	resp, err := http.Get(url)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// stop ends the clients and returns how many requests they made, and how many of those failed.
func (l *load) stop() (sent, failed int64) {
	close(l.done)
	l.clients.Wait()
	return l.sent.Load(), l.failed.Load()
}
