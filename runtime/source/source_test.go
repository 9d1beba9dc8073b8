package source_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gwc.dev/runtime/source"
)

// watching is a source being watched by a test.
type watching struct {
	t       *testing.T
	updates chan source.Update
	stop    func()
}

// watch watches ref until the test, or stop, ends it.
func watch(t *testing.T, ref string, o source.Options) *watching {
	t.Helper()
	if o.Rand == nil {
		o.Rand = func() float64 { return 0.5 }
	}
	src, err := source.Open(ref, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{t: t, updates: make(chan source.Update, 1000)}
	done := make(chan error, 1)
	go func() { done <- src.Watch(ctx, func(u source.Update) { w.updates <- u }) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Watch returned %v", err)
		}
	})
	t.Cleanup(w.stop)
	return w
}

// next returns the next update that says something: new bytes or a failure.
func (w *watching) next() source.Update {
	w.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case u := <-w.updates:
			if u.Data != nil || u.Err != nil {
				return u
			}
		case <-deadline:
			w.t.Fatal("no update came")
		}
	}
}

// expect waits until data comes, past any failures.
func (w *watching) expect(data string) source.Update {
	w.t.Helper()
	for {
		u := w.next()
		if u.Err != nil {
			continue
		}
		if string(u.Data) != data {
			w.t.Fatalf("update %q, want %q", u.Data, data)
		}
		return u
	}
}

// expectError waits for a failure that says want.
func (w *watching) expectError(want string) {
	w.t.Helper()
	u := w.next()
	if u.Err == nil || !strings.Contains(u.Err.Error(), want) {
		w.t.Fatalf("update %q, error %v; want an error with %q", u.Data, u.Err, want)
	}
}

func TestMistakesInAReferenceAreNamed(t *testing.T) {
	for ref, want := range map[string]string{
		"":                               "give file:PATH, https://URL, oci://REFERENCE or flux:FILE",
		"bundle.tgz":                     "give file:PATH, https://URL, oci://REFERENCE or flux:FILE",
		"s3://bucket/bundle":             `no scheme "s3"`,
		"file:":                          "names no file",
		"file://bundle.tgz":              "three slashes",
		"https:///bundle":                "names no host",
		"http://example.com/bundle":      "use https, or give --plain-http",
		"http://10.0.0.1/bundle":         "use https, or give --plain-http",
		"http://localhost.example.com/b": "use https, or give --plain-http",
		"https://ada:s3cret@exa mple/b":  "the URL is not valid",
		"http://ada:s3cret@example.com/": `"http://example.com/"`,
		"oci://example.com/gateway":      "neither a tag nor a digest",
	} {
		_, err := source.Open(ref, source.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", ref, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: the password is in %v", ref, err)
		}
	}
	for _, ref := range []string{"file:x", "file:///x", "https://example.com/b", "http://localhost:8080/b", "http://127.0.0.1/b", "http://[::1]:80/b", "oci://example.com/g:v1"} {
		if _, err := source.Open(ref, source.Options{}); err != nil {
			t.Error(err)
		}
	}
}

// goroutines waits for the number of goroutines to come back to what it was.
func goroutines(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}
