package oci_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

// Time in these tests is synctest's.

// anonymous are the options of who has no credentials, and looks for none on a disk.
func anonymous(t http.RoundTripper) oci.Options {
	return oci.Options{Transport: t, Keychain: authn.NewMultiKeychain()}
}

// within fails the test unless do, which is given all the time there is, ends with an error after so long, or a little more.
func within(t *testing.T, d, more time.Duration, do func(context.Context) error) error {
	t.Helper()
	began := time.Now()
	err := do(t.Context())
	if took := time.Since(began); err == nil || took < d || took > d+more {
		t.Errorf("after %v: %v; want an error after %v", took, err, d)
	}
	return err
}

// silent takes connections, and whatever is sent over them, and says nothing.
func silent(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, theirs) }()
	return ours, nil
}

func TestARegistryThatSaysNothingIsGivenUpAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		within(t, time.Minute, time.Second, func(ctx context.Context) error {
			_, err := oci.Digest(ctx, "oci://localhost:1/g:v1", anonymous(oci.TransportOver(silent)))
			return err
		})
	})
}

func TestACredentialHelperThatHangsIsGivenUpAfterTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hung{release: make(chan struct{})}
		defer close(h.release)
		err := within(t, 2*time.Minute, time.Second, func(ctx context.Context) error {
			_, err := oci.Push(ctx, "oci://localhost:1/g:v1", []byte("a bundle"), oci.Options{Transport: trickle{want: "nothing"}, Keychain: h})
			return err
		})
		want := `finding credentials for registry "localhost:1": a credential helper of Docker's configuration does not answer: context deadline exceeded`
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v", err)
		}
	})
}

// A trickle is a registry that answers whatever is part of want a byte a second, for ever, or not at all.
type trickle struct {
	want   string
	silent bool
}

func (s trickle) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}
	const layer = 1 << 20
	switch path := r.Method + " " + r.URL.Path; {
	case strings.Contains(path, s.want) && s.silent:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case strings.Contains(path, s.want):
		answer.Body, answer.ContentLength = slow{r.Context()}, layer
		answer.Header.Set("Content-Type", string(types.OCIManifestSchema1))
	case strings.HasSuffix(path, "/v2/"):
	case strings.Contains(path, "GET") && strings.Contains(path, "/manifests/"):
		answer.Header.Set("Content-Type", string(types.OCIManifestSchema1))
		answer.Body = io.NopCloser(strings.NewReader(manifestOf(fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, bundle.MediaType, bundle.Digest([]byte("x")), layer))))
	default:
		answer.StatusCode = http.StatusNotFound
	}
	return answer, nil
}

// slow is a body without an end.
type slow struct{ ctx context.Context }

func (s slow) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return copy(p, " "), nil
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}

func (slow) Close() error { return nil }

func TestARegistryThatTricklesIsGivenUpAfterAQuarterOfAnHour(t *testing.T) {
	ref := "oci://localhost:1/g@" + bundle.Digest(nil)
	pull := func(ctx context.Context, o oci.Options) error {
		_, _, err := oci.Pull(ctx, "oci://localhost:1/g:v1", o)
		return err
	}
	for name, tt := range map[string]struct {
		registry trickle
		do       func(context.Context, oci.Options) error
	}{
		"a manifest": {trickle{want: "/manifests/"}, pull},
		"a bundle":   {trickle{want: "/blobs/"}, pull},
		"tags": {trickle{want: "/tags/"}, func(ctx context.Context, o oci.Options) error {
			_, err := oci.Channel{Repository: "oci://localhost:1/g", Environment: "test", Options: o}.Serials(ctx)
			return err
		}},
		"a push": {trickle{want: "POST ", silent: true}, func(ctx context.Context, o oci.Options) error {
			_, err := oci.Push(ctx, "oci://localhost:1/g:v1", []byte("a bundle"), o)
			return err
		}},
		"signatures": {trickle{want: "/manifests/"}, func(ctx context.Context, o oci.Options) error {
			_, err := oci.Claims(ctx, ref, &bundle.Trust{}, o)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := within(t, 15*time.Minute, time.Second, func(ctx context.Context) error { return tt.do(ctx, anonymous(tt.registry)) })
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `registry "localhost:1" did not answer in time`) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// A busy registry answers with one status, and asks to be left alone for a while.
type busy struct {
	status int
	after  func() string
}

func (b busy) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: b.status, Header: http.Header{}, Body: http.NoBody, Request: r}
	if strings.HasSuffix(r.URL.Path, "/v2/") {
		answer.StatusCode = http.StatusOK
	} else if text := b.after(); text != "" {
		answer.Header.Set("Retry-After", text)
	}
	return answer, nil
}

// TestWhatStaysBusyIsTriedForAMinute holds that nobody waits for longer than that altogether, and as long as a registry asks.
func TestWhatStaysBusyIsTriedForAMinute(t *testing.T) {
	nothing := func() string { return "" }
	for name, tt := range map[string]struct {
		registry    busy
		tries       int
		least, most time.Duration
	}{
		"it does not say for how long": {busy{503, nothing}, 3, 7 * time.Second, 8 * time.Second},
		"for 25 seconds":               {busy{429, func() string { return "25" }}, 2, 50 * time.Second, 55 * time.Second},
		"until a time": {busy{429, func() string {
			return time.Now().Add(25 * time.Second).UTC().Format(http.TimeFormat)
		}}, 2, 48 * time.Second, 55 * time.Second},
		"for a minute":           {busy{503, func() string { return "60" }}, 0, 0, 0},
		"for longer than it can": {busy{429, func() string { return "99999999999999999999" }}, 3, 7 * time.Second, 8 * time.Second},
		"for less than nothing":  {busy{429, func() string { return "-5" }}, 3, 7 * time.Second, 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, tries := anonymous(tt.registry), 0
				o.Retry = func(error, time.Duration) { tries++ }
				err := within(t, tt.least, tt.most-tt.least, func(ctx context.Context) error {
					_, err := oci.Digest(ctx, "oci://localhost:1/g:v1", o)
					return err
				})
				if _, unavailable := errors.AsType[*oci.Unavailable](err); !unavailable || tries != tt.tries {
					t.Errorf("tried again %d times, want %d: %v", tries, tt.tries, err)
				}
			})
		})
	}
}

// A worn registry is busy in one way, and then in another.
type worn struct{ first, then busy }

func (w *worn) RoundTrip(r *http.Request) (*http.Response, error) {
	now := w.first
	if !strings.HasSuffix(r.URL.Path, "/v2/") {
		w.first = w.then
	}
	return now.RoundTrip(r)
}

// TestEachAnswerSaysForItselfHowLongToWait holds that what a registry asked for once does not count for its next answer.
func TestEachAnswerSaysForItselfHowLongToWait(t *testing.T) {
	says := func(text string) func() string { return func() string { return text } }
	for name, tt := range map[string]struct {
		first, then busy
		want        []time.Duration // less jitter
	}{
		"and then nothing":    {busy{503, says("20")}, busy{502, says("")}, []time.Duration{20 * time.Second, 2 * time.Second, 4 * time.Second}},
		"also a gateway does": {busy{502, says("20")}, busy{504, says("9")}, []time.Duration{20 * time.Second, 9 * time.Second, 9 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := anonymous(&worn{tt.first, tt.then})
				var got []time.Duration
				o.Retry = func(_ error, wait time.Duration) {
					got = append(got, min(wait.Truncate(time.Second), tt.want[len(got)]))
				}
				if _, err := oci.Digest(t.Context(), "oci://localhost:1/g:v1", o); err == nil || !slices.Equal(got, tt.want) {
					t.Errorf("it waits %v, want %v: %v", got, tt.want, err)
				}
			})
		})
	}
}
