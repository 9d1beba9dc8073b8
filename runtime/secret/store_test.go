package secret_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/secret"
)

// A vault is a source whose secrets a test changes.
type vault struct {
	mu     sync.Mutex
	values map[string]string
	reads  int
}

func (v *vault) Resolve(ref string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reads++
	value, ok := v.values[ref]
	if !ok {
		return nil, fmt.Errorf("resolving secret %q: no such file or directory", ref)
	}
	return []byte(value), nil
}

// put changes a secret; "" takes it away.
func (v *vault) put(ref, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.values[ref] = value; value == "" {
		delete(v.values, ref)
	}
}

func newVault(pairs ...string) *vault {
	v := &vault{values: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		v.put(pairs[i], pairs[i+1])
	}
	return v
}

// newPair returns a certificate and its key, in PEM.
func newPair(t testing.TB) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// faults returns the faults of a store as "name: error".
func faults(s *secret.Store) []string {
	var out []string
	for _, f := range s.Faults() {
		out = append(out, f.Name+": "+f.Error)
	}
	return out
}

func TestAValueFollowsItsSecret(t *testing.T) {
	v := newVault("ann/key", "first")
	s := secret.New(secret.Options{Source: v})
	set := s.Stage()
	key := must(set.APIKey("ann/key"))
	s.Use(set)
	v.put("ann/key", "second")
	s.Refresh()
	if *key.Load() != sha256.Sum256([]byte("second")) {
		t.Error("it means what it meant before")
	}
	if s.Changes() != 1 {
		t.Errorf("%d changes, want 1", s.Changes())
	}
	s.Refresh()
	if s.Changes() != 1 {
		t.Errorf("%d changes of the same value, want 1", s.Changes())
	}
}

func TestWhatCannotBeUsedLeavesWhatCan(t *testing.T) {
	cert, key := newPair(t)
	_, other := newPair(t)
	tests := []struct {
		name, ref, value, want string // want: in the fault
	}{
		{"gone", "ann/key", "", `resolving secret "ann/key": no such file or directory`},
		{"empty", "ann/key", "\x00empty", `secret "ann/key" is empty`},
		{"a byte order mark", "ann/key", "\uFEFFs3cret", `secret "ann/key" begins with a byte order mark, which no header field holds`},
		{"a space", "ann/key", "s3cret ", `secret "ann/key" begins or ends with a space or a further line end, which no header field holds`},
		{"two keys", "ann/key", "s3cret\ns3cret", `secret "ann/key" has several lines or a control character, which no header field holds`},
		{"key of another certificate", "web/tls.key", other, `certificate "web": tls: private key does not match public key`},
		{"no certificate", "web/tls.crt", "-----BEGIN s3cret", `certificate "web": tls: failed to find any PEM data`},
		{"key gone", "web/tls.key", "", `resolving secret "web/tls.key"`},
		{"no authority", "ca/ca.crt", "s3cret", `secret "ca/ca.crt" holds no certificate`},
		{"an authority behind a byte order mark", "ca/ca.crt", "\uFEFF" + cert + cert, `secret "ca/ca.crt" holds a certificate that is damaged, or does not begin a line`},
		{"a damaged authority before another", "ca/ca.crt", cert[:40] + "\n" + cert, `secret "ca/ca.crt" holds a certificate that is damaged, or does not begin a line`},
		{"half an authority", "ca/ca.crt", cert + cert[:100], `secret "ca/ca.crt" ends within a certificate`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVault("ann/key", "first", "web/tls.crt", cert, "web/tls.key", key, "ca/ca.crt", cert)
			source := emptying{v}
			var log bytes.Buffer
			now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
			s := secret.New(secret.Options{Source: source, Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }})
			set := s.Stage()
			apiKey, web, ca := must(set.APIKey("ann/key")), must(set.Certificate("web")), must(set.Authority("ca/ca.crt"))
			s.Use(set)
			wasKey, wasWeb, wasCA := apiKey.Load(), web.Load(), ca.Load()
			good := v.values[test.ref]
			v.put(test.ref, test.value)
			for range 3 {
				s.Refresh()
				now = now.Add(time.Hour)
			}
			if apiKey.Load() != wasKey || web.Load() != wasWeb || ca.Load() != wasCA {
				t.Error("a value that could be used is gone")
			}
			got := s.Faults()
			if len(got) != 1 || !strings.Contains(got[0].Error, test.want) || got[0].Since.Hour() != 12 {
				t.Errorf("faults %+v, want one with %q since noon", got, test.want)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 || strings.Contains(log.String(), "s3cret") {
				t.Errorf("it is said %d times, want once and without a value:\n%s", n, &log)
			}

			// Another table finds what is in use, and one that never had the secret does not.
			next := s.Stage()
			if again, err := next.APIKey("ann/key"); err != nil || again != apiKey {
				t.Errorf("another table has another handle: %v", err)
			}
			if again, err := next.Certificate("web"); err != nil || again != web {
				t.Errorf("another table has another handle: %v", err)
			}
			if again, err := next.Authority("ca/ca.crt"); err != nil || again != ca {
				t.Errorf("another table has another handle: %v", err)
			}
			s.Use(next)

			v.put(test.ref, good)
			s.Refresh()
			if got := faults(s); got != nil {
				t.Errorf("faults %q after it is as it was", got)
			}
		})
	}
}

// emptying is a vault in which "\x00empty" stands for a value of no bytes.
type emptying struct{ *vault }

func (e emptying) Resolve(ref string) ([]byte, error) {
	value, err := e.vault.Resolve(ref)
	return bytes.TrimPrefix(value, []byte("\x00empty")), err
}

func TestAFaultEndsWithTheLastTableThatHasTheSecret(t *testing.T) {
	v := newVault("ann/key", "first")
	s := secret.New(secret.Options{Source: v})
	set := s.Stage()
	must(set.APIKey("ann/key"))
	s.Use(set)
	v.put("ann/key", "")
	s.Refresh()
	if len(s.Faults()) != 1 {
		t.Fatalf("faults %q, want one", faults(s))
	}
	s.Use(s.Stage())
	if got := faults(s); got != nil {
		t.Errorf("faults %q of a secret that nobody needs", got)
	}
	next := s.Stage()
	if _, err := next.APIKey("ann/key"); err == nil {
		t.Error("a secret that is not there and was not in use is resolved")
	}
}

// A pair of values that exclude each other.
type apart struct {
	a, b  *secret.Value[secret.Digest]
	inUse [2]secret.Digest
}

func (d *apart) Renew() map[string]error {
	if *d.a.Newest() == *d.b.Newest() {
		return map[string]error{"a/key": errors.New("both are the same")}
	}
	d.inUse = [2]secret.Digest{*d.a.Newest(), *d.b.Newest()}
	return nil
}

func TestDependentsSayWhatDoesNotGoTogether(t *testing.T) {
	v := newVault("a/key", "one", "b/key", "two")
	s := secret.New(secret.Options{Source: v})
	set := s.Stage()
	d := &apart{a: must(set.APIKey("a/key")), b: must(set.APIKey("b/key"))}
	set.Depend(d)
	v.put("b/key", "three") // between its reading and the swap
	s.Use(set)
	s.Refresh()
	if d.inUse[1] != sha256.Sum256([]byte("three")) {
		t.Error("what changed before the table served is lost")
	}
	v.put("a/key", "three")
	s.Refresh()
	s.Refresh()
	if diff := cmp.Diff([]string{"a/key: both are the same"}, faults(s)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if *d.a.Load() != sha256.Sum256([]byte("one")) {
		t.Error("what does not go with the others is in use")
	}
	v.put("b/key", "five")
	s.Refresh()
	if got := faults(s); got != nil || *d.a.Load() != sha256.Sum256([]byte("three")) {
		t.Errorf("faults %q once they go together", got)
	}
	v.put("a/key", "four")
	s.Refresh()
	if got := faults(s); got != nil || d.inUse[0] != sha256.Sum256([]byte("four")) {
		t.Errorf("faults %q", got)
	}
}

// projected puts a Secret into a directory as Kubernetes does: whole, behind a link that is replaced.
func projected(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	version, err := os.MkdirTemp(dir, "..v")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		path = filepath.Join(version, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	link := filepath.Join(dir, "..data_tmp")
	if err := errors.Join(os.Symlink(filepath.Base(version), link), os.Rename(link, filepath.Join(dir, "..data"))); err != nil {
		t.Fatal(err)
	}
	for path := range files {
		top, _, _ := strings.Cut(path, "/")
		if err := os.Symlink("..data/"+top, filepath.Join(dir, top)); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMountsAreWatched(t *testing.T) {
	tests := []struct {
		name   string
		every  time.Duration
		change func(t *testing.T, dir, value string)
	}{
		{"one projected volume", time.Hour, func(t *testing.T, dir, value string) {
			projected(t, dir, map[string]string{"ann/key": value, "bob/key": "bob's"})
		}},
		{"a volume a secret", time.Hour, func(t *testing.T, dir, value string) {
			sub := filepath.Join(dir, "ann")
			if err := os.MkdirAll(sub, 0o700); err != nil {
				t.Fatal(err)
			}
			projected(t, sub, map[string]string{"key": value})
		}},
		{"a file", time.Hour, func(t *testing.T, dir, value string) {
			path := filepath.Join(dir, "ann", "key")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(value), 0o600)); err != nil {
				t.Fatal(err)
			}
		}},
		{"a directory that is replaced, by looking only", 20 * time.Millisecond, func(t *testing.T, dir, value string) {
			next := dir + ".next"
			path := filepath.Join(next, "ann", "key")
			err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(value), 0o600), os.RemoveAll(dir), os.Rename(next, dir))
			if err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "secrets")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			test.change(t, dir, "value 0")
			s := secret.New(secret.Options{Source: secret.Dir(dir)})
			set := s.Stage()
			key := must(set.APIKey("ann/key"))
			s.Use(set)
			ctx, stop := context.WithCancel(t.Context())
			var work sync.WaitGroup
			work.Go(func() { s.Watch(ctx, dir, test.every, func() {}) })
			defer work.Wait()
			defer stop()
			time.Sleep(20 * time.Millisecond) // the watch is on
			for i := 1; i <= 5; i++ {
				value := fmt.Sprint("value ", i)
				test.change(t, dir, value)
				within(t, value+" is in use", func() bool { return *key.Load() == sha256.Sum256([]byte(value)) })
			}
			if got := faults(s); got != nil {
				t.Errorf("faults %q", got)
			}
		})
	}
}

func TestATableThatWaitsForASecretIsToldOfIt(t *testing.T) {
	dir := t.TempDir()
	s := secret.New(secret.Options{Source: secret.Dir(dir)})
	told := make(chan struct{}, 16)
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { s.Watch(ctx, dir, time.Hour, func() { told <- struct{}{} }) })
	defer work.Wait()
	defer stop()
	time.Sleep(20 * time.Millisecond)
	if err := os.Mkdir(filepath.Join(dir, "ann"), 0o700); err != nil {
		t.Fatal(err)
	}
	<-told
	if err := os.WriteFile(filepath.Join(dir, "ann", "key"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	<-told
}

// What has not changed is not read, however often it is looked at.
func TestALookReadsNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ann", "key")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("a"), 0o600)); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	source := &counting{Dir: secret.Dir(dir)}
	s := secret.New(secret.Options{Source: source})
	set := s.Stage()
	must(set.APIKey("ann/key"))
	s.Use(set)
	for range 10 {
		s.Refresh()
	}
	if source.reads != 1 {
		t.Errorf("it was read %d times, want once", source.reads)
	}
}

type counting struct {
	secret.Dir
	reads int
}

func (c *counting) Resolve(ref string) ([]byte, error) {
	c.reads++
	return c.Dir.Resolve(ref)
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func TestALoadAllocatesNothing(t *testing.T) {
	s := secret.New(secret.Options{Source: newVault("ann/key", "first")})
	set := s.Stage()
	key := must(set.APIKey("ann/key"))
	s.Use(set)
	if n := testing.AllocsPerRun(100, func() { key.Load() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRefreshOfUnchanged(b *testing.B) {
	dir := b.TempDir()
	s := secret.New(secret.Options{Source: secret.Dir(dir)})
	old := time.Now().Add(-time.Hour)
	set := s.Stage()
	for i := range 1000 {
		path := filepath.Join(dir, fmt.Sprint("n", i), "key")
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("a"), 0o600), os.Chtimes(path, old, old)); err != nil {
			b.Fatal(err)
		}
		must(set.APIKey(fmt.Sprintf("n%d/key", i)))
	}
	s.Use(set)
	for b.Loop() {
		s.Refresh()
	}
}

// newEnding returns a certificate that signed itself, in PEM, and the key of it.
func newEnding(t *testing.T, end time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}, &x509.Certificate{}, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// TestAChainEndsWithItsFirstAndAuthoritiesWithTheirLast holds also that API keys have no end, and that what nobody uses is left out.
func TestAChainEndsWithItsFirstAndAuthoritiesWithTheirLast(t *testing.T) {
	early, late := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	first, _ := newEnding(t, early)
	last, key := newEnding(t, late)
	v := newVault("ann/key", "k", "alone/tls.crt", last, "alone/tls.key", key, "web/tls.crt", last+first, "web/tls.key", key, "ca/ca.crt", last+"a comment\n"+first)
	s := secret.New(secret.Options{Source: v})
	set := s.Stage()
	for _, err := range []error{second(set.APIKey("ann/key")), second(set.Certificate("alone")), second(set.Certificate("web")), second(set.Authority("ca/ca.crt"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Expiries(); got != nil {
		t.Errorf("before it is in use: %v", got)
	}
	s.Use(set)
	want := []secret.Expiry{{Kind: "authority", Name: "ca/ca.crt", At: late}, {Kind: "certificate", Name: "alone", At: late}, {Kind: "certificate", Name: "web", At: early}}
	if diff := cmp.Diff(want, s.Expiries()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	v.put("web/tls.crt", last)
	s.Refresh()
	want[2].At = late
	if diff := cmp.Diff(want, s.Expiries()); diff != "" {
		t.Errorf("renewed (-want +got):\n%s", diff)
	}
}

func second[T any](_ T, err error) error { return err }
