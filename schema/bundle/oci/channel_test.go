package oci_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema/bundle/oci"
)

// channel is environment production's in a registry.
func channel(host string) oci.Channel {
	return oci.Channel{Repository: "oci://" + host + "/team/gateway", Environment: "production"}
}

// upload stores a bundle, as a push does before it is signed.
func upload(ctx context.Context, c oci.Channel, serial uint64, revision string) (string, error) {
	return oci.Upload(ctx, c.Repository, []byte(revision), oci.Options{Annotations: map[string]string{
		oci.AnnotationTitle:  c.Environment,
		oci.AnnotationSerial: strconv.FormatUint(serial, 10),
		oci.AnnotationBundle: revision,
	}})
}

func publish(ctx context.Context, c oci.Channel, serial uint64, revision string) error {
	digest, err := upload(ctx, c, serial, revision)
	if err != nil {
		return err
	}
	return c.Publish(ctx, digest, serial, revision)
}

func followed(t *testing.T, c oci.Channel) uint64 {
	t.Helper()
	d, err := oci.Describe(t.Context(), c.Followed(), oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := d.Serial()
	return serial
}

func TestOnlyWhatIsNewerIsPublished(t *testing.T) {
	host := start(t, nil)
	c := channel(host)
	tagged := c
	tagged.Follow = "canary"
	other := c
	other.Environment, other.Follow = "staging", "canary"
	foreign := c
	foreign.Follow = "foreign"
	push(t, foreign.Followed(), []byte("what somebody else pushed"), oci.Options{})
	for _, step := range []struct {
		c        oci.Channel
		serial   uint64
		revision string
		want     string
	}{
		{c, 5, "a", ""},
		{c, 5, "a", ""},
		{c, 5, "b", `serial 5 of environment "production" is taken in "` + c.Repository + `" by another bundle, revision a, commit unknown: commit what has changed since, or give a higher one with --serial`},
		{c, 4, "b", `environment "production" is at serial 5 in "` + c.Repository + `", and proxies refuse 4, which is older: "gwc rollback" goes back under a new serial`},
		{c, 9, "b", ""},
		{tagged, 3, "a", ""},
		{tagged, 2, "a", `environment "production" is at serial 3 in "` + c.Repository + `", and proxies refuse 2, which is older: "gwc rollback" goes back under a new serial`},
		{tagged, 4, "b", ""},
		{other, 9, "c", `"` + c.Repository + `:canary" is of environment "production": push "staging" under another tag`},
		{foreign, 9, "c", `"` + c.Repository + `:foreign" is nothing that gwc pushed: delete that tag in the registry, or push to another repository`},
	} {
		got := ""
		if err := publish(t.Context(), step.c, step.serial, step.revision); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s, serial %d, revision %s (-want +got):\n%s", step.c.Followed(), step.serial, step.revision, diff)
		}
	}
	serials, err := c.Serials(t.Context())
	if diff := cmp.Diff([]uint64{9, 5}, serials); diff != "" || err != nil {
		t.Errorf("serials (-want +got):\n%s%v", diff, err)
	}
	if got := followed(t, c); got != 9 {
		t.Errorf("serial %d is followed, want 9", got)
	}
}

// TestTheNewestOfPushesAtOnceIsFollowed holds that however pushes meet, what is followed in the end is the newest of them.
func TestTheNewestOfPushesAtOnceIsFollowed(t *testing.T) {
	for round := range 10 {
		host := start(t, nil)
		c := channel(host)
		var pushes sync.WaitGroup
		for _, serial := range []uint64{1, 2, 3, 3, 4, 5} {
			digest, err := upload(t.Context(), c, serial, fmt.Sprint("bundle ", serial))
			if err != nil {
				t.Fatal(err)
			}
			pushes.Go(func() {
				err := c.Publish(t.Context(), digest, serial, fmt.Sprint("bundle ", serial))
				if err != nil && serial == 5 {
					t.Errorf("the newest: %v", err)
				}
			})
		}
		pushes.Wait()
		if got := followed(t, c); got != 5 {
			t.Fatalf("round %d: serial %d is followed, want 5", round, got)
		}
	}
}

// TestOfTwoBundlesUnderOneSerialOneIsFollowed holds that the two tags agree, whichever push came first.
func TestOfTwoBundlesUnderOneSerialOneIsFollowed(t *testing.T) {
	for range 10 {
		c := channel(start(t, nil))
		var pushes sync.WaitGroup
		for _, revision := range []string{"a", "b"} {
			pushes.Go(func() { _ = publish(t.Context(), c, 7, revision) })
		}
		pushes.Wait()
		under, err := oci.Digest(t.Context(), c.At(7), oci.Options{})
		if err != nil {
			t.Fatal(err)
		}
		followed, err := oci.Digest(t.Context(), c.Followed(), oci.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if under != followed {
			t.Fatalf("the serial's tag is %s, and what is followed %s", under, followed)
		}
	}
}

// dying is a registry that a client stops speaking to after some requests; the last of them it may have cut in the midst.
type dying struct {
	left  atomic.Int32 // negative: it lives
	midst bool
}

var errKilled = errors.New("killed")

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v2/" {
		if r.URL.Scheme == "https" { // which no registry here speaks
			return nil, errors.New("no TLS")
		}
		return http.DefaultTransport.RoundTrip(r)
	}
	if d.left.Load() >= 0 && d.left.Add(-1) < 0 {
		d.left.Store(0)
		return nil, errKilled
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if d.midst && d.left.Load() == 0 && err == nil {
		resp.Body.Close()
		return nil, errKilled
	}
	return resp, err
}

// TestAPushThatIsKilledIsDoneByTheNext kills a push before and after each of its requests. Then nothing unsigned is
// followed, and the same push again ends as if nothing had been: with its signatures where both kinds of verifiers look.
func TestAPushThatIsKilledIsDoneByTheNext(t *testing.T) {
	k := newKey(t)
	whole := func(ctx context.Context, c oci.Channel, d *dying) error {
		o := oci.Options{Transport: d, Annotations: map[string]string{
			oci.AnnotationTitle: c.Environment, oci.AnnotationSerial: "2", oci.AnnotationBundle: "b",
		}, Content: []byte("manifests")}
		digest, err := oci.Upload(ctx, c.Repository, []byte("a bundle"), o)
		if err != nil {
			return err
		}
		pinned := c.Repository + "@" + digest
		if err := oci.Attest(ctx, pinned, "https://example.com/test/v1", map[string]int{"a": 1}, k, o); err != nil {
			return err
		}
		if err := oci.Sign(ctx, pinned, k, o); err != nil {
			return err
		}
		c.Options = oci.Options{Transport: d}
		return c.Publish(ctx, digest, 2, "b")
	}
	signatures := func(t *testing.T, c oci.Channel) (referrers_, under int) {
		t.Helper()
		digest, err := oci.Digest(t.Context(), c.Followed(), oci.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return len(referrers(t, c.Repository+"@"+digest)), len(manifest(t, c.Repository+":"+strings.Replace(digest, ":", "-", 1)+".sig").Layers)
	}
	begun := func(t *testing.T) oci.Channel {
		t.Helper()
		c := channel(start(t, nil)) // without an API for referrers, where signing takes more steps
		if err := publish(t.Context(), c, 1, "a"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	const plenty = 1000
	d := &dying{}
	d.left.Store(plenty)
	if err := whole(t.Context(), begun(t), d); err != nil {
		t.Fatal(err)
	}
	requests := plenty - d.left.Load()
	if requests < 10 {
		t.Fatalf("a push takes %d requests", requests)
	}
	for n := range requests {
		for _, midst := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d, midst %v", n, midst), func(t *testing.T) {
				t.Parallel()
				c := begun(t)
				d := &dying{midst: midst}
				d.left.Store(n)
				if midst {
					d.left.Store(n + 1)
				}
				if err := whole(t.Context(), c, d); err == nil {
					t.Fatal("it was not killed")
				}
				if followed(t, c) == 2 {
					if said, under := signatures(t, c); said != 2 || under != 1 {
						t.Errorf("what is followed has %d referrers and %d signatures", said, under)
					}
				}
				d.left.Store(-1)
				d.midst = false
				if err := whole(t.Context(), c, d); err != nil {
					t.Fatalf("and then: %v", err)
				}
				if said, under := signatures(t, c); followed(t, c) != 2 || said != 2 || under != 1 {
					t.Errorf("done again: serial %d with %d referrers and %d signatures", followed(t, c), said, under)
				}
			})
		}
	}
}
