package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/trust"
)

// newRelease is one that a new key signs and k are the settings of.
func newRelease(t *testing.T, k schema.Kube) (*release, *key.Private) {
	t.Helper()
	private, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	return sealed(t, k, private), private
}

func sealed(t *testing.T, k schema.Kube, by bundle.Signer) *release {
	t.Helper()
	g := &schema.Gateway{Environment: "test", Targets: &schema.Targets{Kube: &k}}
	r := &release{signer: by}
	var err error
	if r.data, err = bundle.Seal(bundle.Contents{Environment: "test", Serial: 1, Gateway: g.Resolve()}, by); err != nil {
		t.Fatal(err)
	}
	if r.Bundle, err = bundle.Inspect(r.data); err != nil {
		t.Fatal(err)
	}
	return r
}

// document writes a trust document that gives a key an end.
func document(t *testing.T, k bundle.PublicKey, end string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trust.yaml")
	text := "keys: [{pem: \"" + strings.ReplaceAll(string(k.Marshal()), "\n", `\n`) + "\", expires: " + end + "}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestWhoSignsIsTrustedUntilItIsSaidTo holds that signing with a key does not lengthen the trust in it.
func TestWhoSignsIsTrustedUntilItIsSaidTo(t *testing.T) {
	r, private := newRelease(t, schema.Kube{})
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"nobody says so": {nil, ""},
		"a file":         {[]string{document(t, private.Public(), "2099-01-31")}, "2099-02-01T00:00:00Z"},
	} {
		given, all, err := r.trusted(test.files)
		if err != nil {
			t.Fatal(err)
		}
		text, err := trust.Format(given)
		if err != nil || strings.Count(string(text), "BEGIN PUBLIC KEY") != 1 || strings.Contains(string(text), "expires") != (test.want != "") || !strings.Contains(string(text), test.want) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if err := r.admit(all); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	own := schema.Kube{Trust: &schema.Trust{Keys: map[string]schema.TrustedKey{"ci": {PEM: string(private.Public().Marshal()), Expires: "2099-01-31"}}}}
	given, all, err := sealed(t, own, private).trusted(nil)
	if err != nil || !given.Empty() || len(all.Keys) != 1 || all.Keys[0].Expires.IsZero() {
		t.Errorf("the environment's own: given %v, all %v, %v", given.Keys, all.Keys, err)
	}
}

func TestWhatProxiesWouldRefuseIsNotReleased(t *testing.T) {
	r, private := newRelease(t, schema.Kube{})
	_, all, err := r.trusted([]string{document(t, private.Public(), "2020-01-31")})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.admit(all); !errors.Is(err, bundle.ExpiredTrust) || !strings.HasPrefix(err.Error(), "proxies would refuse the bundle") {
		t.Errorf("trust that has ended: %v", err)
	}
	other, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.admit(bundle.Trusting(other.Public())); !errors.Is(err, bundle.UnknownKey) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := r.admit(bundle.Trust{}); !errors.Is(err, errNobodyTrusted) {
		t.Errorf("nobody: %v", err)
	}
	r.signer = nil // a bundle's file, and its artifact is not signed
	if err := r.admit(bundle.Trust{}); err != nil {
		t.Errorf("a file: %v", err)
	}
	left := sealed(t, schema.Kube{Trust: &schema.Trust{ConfigMap: "mine"}}, private)
	given, all, err := left.trusted(nil)
	if err != nil || !given.Empty() {
		t.Errorf("%v and %v are given beside a ConfigMap", given.Keys, err)
	}
	if err := left.admit(all); err != nil {
		t.Errorf("a ConfigMap: %v", err)
	}
}
