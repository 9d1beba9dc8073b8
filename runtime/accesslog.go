package runtime

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	logQueue  = 8192
	logBuffer = 64 << 10
)

// An accessLog writes one line of JSON a request, away from the requests: lines wait in a bounded queue for
// one writer, and a line that finds the queue full is dropped and counted. A nil log takes nothing.
type accessLog struct {
	lines   chan *[]byte
	stop    chan struct{}
	done    chan struct{}
	dropped func()
	free    sync.Pool
}

func newAccessLog(w io.Writer, dropped func()) *accessLog {
	if w == nil {
		return nil
	}
	l := &accessLog{
		lines: make(chan *[]byte, logQueue), stop: make(chan struct{}), done: make(chan struct{}), dropped: dropped,
		free: sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }},
	}
	go l.run(w)
	return l
}

// A logLine is what is said of one request. The query is not: it may hold credentials.
type logLine struct {
	at                                              time.Time
	id, client, method, host, path, proto, listener string
	api, route, upstream, endpoint                  string
	status, retries                                 int
	reason, consumer, revision                      string
	received, sent                                  int64
	took                                            time.Duration
}

// write queues a line. The line's strings are not kept.
func (l *accessLog) write(line *logLine) {
	if l == nil {
		return
	}
	b := l.free.Get().(*[]byte)
	*b = line.appendTo((*b)[:0])
	select {
	case l.lines <- b:
	default:
		l.dropped()
		l.free.Put(b)
	}
}

func (l *accessLog) run(to io.Writer) {
	defer close(l.done)
	w := bufio.NewWriterSize(to, logBuffer)
	put := func(b *[]byte) {
		if _, err := w.Write(*b); err != nil {
			l.dropped()
			w.Reset(to) // a full disk may have room again
		}
		l.free.Put(b)
	}
	for {
		select {
		case b := <-l.lines:
			put(b)
		case <-l.stop:
			for {
				select {
				case b := <-l.lines:
					put(b)
				default:
					_ = w.Flush() // there is nowhere left to say it
					return
				}
			}
		}
		if len(l.lines) == 0 {
			if err := w.Flush(); err != nil {
				l.dropped()
				w.Reset(to)
			}
		}
	}
}

// closeTimeout bounds how long the end waits for whoever takes the log.
const closeTimeout = 2 * time.Second

// close writes what is queued. A log that is stuck does not keep the process from ending.
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
	text("client", e.client)
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
