package runtime

import (
	"encoding/json"
	"io"
	"net/netip"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// logBound is how many bytes of lines may wait; logGather is how long the first of them waits for others, so that
	// a busy proxy wakes the log's writer seldom.
	logBound  = 1 << 20
	logGather = 5 * time.Millisecond
)

// An accessLog writes one line of JSON a request, away from the requests: lines wait in bounded memory for one writer,
// and a line that finds no room is dropped and counted. A nil log takes nothing.
type accessLog struct {
	wake    chan struct{} // has one element once a line waits
	stop    chan struct{}
	done    chan struct{}
	dropped func()
	free    sync.Pool // of *[]byte, a line each

	mu      sync.Mutex
	waiting []byte
	lines   int
}

func newAccessLog(w io.Writer, dropped func()) *accessLog {
	if w == nil {
		return nil
	}
	l := &accessLog{
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), dropped: dropped,
		free: sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }},
	}
	go l.run(w)
	return l
}

// A logLine is what is said of one request. The query is not: it may hold credentials.
type logLine struct {
	at                                      time.Time
	client                                  netip.Addr
	id, method, host, path, proto, listener string
	api, route, upstream, endpoint          string
	status, retries                         int
	reason, consumer, revision              string
	received, sent                          int64
	took                                    time.Duration
}

// write leaves a line for the writer. The line's strings are not kept.
func (l *accessLog) write(line *logLine) {
	b := l.free.Get().(*[]byte)
	*b = line.appendTo((*b)[:0])
	l.mu.Lock()
	first, room := l.lines == 0, len(l.waiting)+len(*b) <= logBound
	if room {
		l.waiting = append(l.waiting, *b...)
		l.lines++
	}
	l.mu.Unlock()
	l.free.Put(b)
	if !room {
		l.dropped()
	} else if first {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// run writes what waits until the log is closed, and then the rest.
func (l *accessLog) run(to io.Writer) {
	defer close(l.done)
	var spare []byte
	for open := true; open; {
		select {
		case <-l.wake:
			select {
			case <-time.After(logGather):
			case <-l.stop:
			}
		case <-l.stop:
			open = false
		}
		out, lines := l.take(spare)
		if lines == 0 { // they went with the ones before
			continue
		}
		if _, err := to.Write(out); err != nil {
			for range lines {
				l.dropped()
			}
		}
		spare = out
	}
}

// take returns the lines that wait, and leaves memory for others in their place.
func (l *accessLog) take(spare []byte) (out []byte, lines int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines > 0 {
		out, lines = l.waiting, l.lines
		l.waiting, l.lines = spare[:0], 0
	}
	return out, lines
}

// closeTimeout bounds how long the end waits for whoever takes the log.
const closeTimeout = 2 * time.Second

// close writes what waits. A log that is stuck does not keep the process from ending.
func (l *accessLog) close() {
	if l == nil {
		return
	}
	close(l.stop)
	select {
	case <-l.done:
	case <-time.After(closeTimeout):
	}
}

func (e *logLine) appendTo(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = e.at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, '"')
	text := func(key, value string) {
		if value == "" {
			return
		}
		b = append(b, ',', '"')
		b = append(b, key...)
		b = append(b, '"', ':')
		b = appendJSON(b, value)
	}
	number := func(key string, value int64) {
		b = append(b, ',', '"')
		b = append(b, key...)
		b = append(b, '"', ':')
		b = strconv.AppendInt(b, value, 10)
	}
	text("id", e.id)
	if e.client.IsValid() {
		b = append(b, `,"client":"`...)
		b = append(e.client.AppendTo(b), '"')
	}
	text("method", e.method)
	text("host", e.host)
	text("path", e.path)
	text("proto", e.proto)
	text("listener", e.listener)
	text("api", e.api)
	text("route", e.route)
	text("upstream", e.upstream)
	text("endpoint", e.endpoint)
	number("status", int64(e.status))
	text("reason", e.reason)
	text("consumer", e.consumer)
	if e.retries > 0 {
		number("retries", int64(e.retries))
	}
	number("bytes_in", e.received)
	number("bytes", e.sent)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(e.took.Microseconds())/1e3, 'f', -1, 64)
	text("revision", e.revision)
	return append(b, '}', '\n')
}

// appendJSON appends a JSON string. Most of them need no escape.
func appendJSON(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == 0x7f {
			quoted, _ := json.Marshal(s) // a string always has a form
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
