package sigstore_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/sigstore"
)

const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

func newKey(t *testing.T, kind key.Kind) *key.Private {
	t.Helper()
	k, err := key.Generate(kind)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestStatement(t *testing.T) {
	got, err := sigstore.Statement(digest, sigstore.SignType, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"_type":"https://in-toto.io/Statement/v1",` +
		`"subject":[{"digest":{"sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}],` +
		`"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("statement (-want +got):\n%s", diff)
	}
}

func TestOnlyDigestsAreSigned(t *testing.T) {
	k := newKey(t, key.ECDSA)
	for _, bad := range []string{"", "latest", "sha256:", "sha256:abc", "sha512:" + digest[7:], digest + "00", strings.ToUpper(digest)} {
		if _, err := sigstore.Statement(bad, sigstore.SignType, nil); err == nil {
			t.Errorf("a statement about %q", bad)
		}
		if _, _, err := sigstore.Payload("registry.example.com/gateway", bad, k); err == nil {
			t.Errorf("a payload about %q", bad)
		}
	}
}

// TestBundle holds the form, and verifies the signature as DSSE says, with nothing of the package's own.
func TestBundle(t *testing.T) {
	for _, kind := range []key.Kind{key.ECDSA, key.Ed25519} {
		t.Run(string(kind), func(t *testing.T) {
			k := newKey(t, kind)
			data, err := sigstore.Bundle([]byte(`{"some":"statement"}`), k)
			if err != nil {
				t.Fatal(err)
			}
			again, err := sigstore.Bundle([]byte(`{"some":"statement"}`), k)
			if err != nil {
				t.Fatal(err)
			}
			if string(data) != string(again) {
				t.Error("the same statement has two bundles")
			}
			var got struct {
				MediaType            string
				VerificationMaterial struct{ PublicKey struct{ Hint string } }
				DsseEnvelope         struct {
					Payload, PayloadType string
					Signatures           []struct{ Sig []byte }
				}
			}
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			e := got.DsseEnvelope
			if got.MediaType != sigstore.BundleType || e.Payload != base64.StdEncoding.EncodeToString([]byte(`{"some":"statement"}`)) ||
				e.PayloadType != "application/vnd.in-toto+json" || len(e.Signatures) != 1 {
				t.Errorf("bundle %s", data)
			}
			hint, err := base64.StdEncoding.DecodeString(got.VerificationMaterial.PublicKey.Hint)
			if id := fmt.Sprintf("%x", hint); err != nil || id != k.Public().ID() {
				t.Errorf("hint %s, key %s", id, k.Public().ID())
			}
			message := `DSSEv1 28 application/vnd.in-toto+json 20 {"some":"statement"}`
			if !k.Public().Verify([]byte(message), e.Signatures[0].Sig) {
				t.Error("the signature does not hold")
			}
		})
	}
}

func TestPayload(t *testing.T) {
	k := newKey(t, key.ECDSA)
	payload, annotations, err := sigstore.Payload("registry.example.com/gateway", digest, k)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"critical":{"identity":{"docker-reference":"registry.example.com/gateway"},` +
		`"image":{"docker-manifest-digest":"` + digest + `"},"type":"cosign container image signature"},"optional":null}`
	if diff := cmp.Diff(want, string(payload)); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	sig, err := base64.StdEncoding.DecodeString(annotations[sigstore.AnnotationSignature])
	if err != nil || !k.Public().Verify(payload, sig) {
		t.Error("the signature does not hold")
	}
}

// liar signs something else than it is asked to.
type liar struct{ *key.Private }

func (l liar) Sign([]byte) ([]byte, error) { return l.Private.Sign([]byte("something else")) }

func TestABadSignerIsNoticed(t *testing.T) {
	var s bundle.Signer = liar{newKey(t, key.ECDSA)}
	if _, err := sigstore.Bundle([]byte("{}"), s); err == nil {
		t.Error("a bundle with a signature that does not hold")
	}
	if _, _, err := sigstore.Payload("registry.example.com/gateway", digest, s); err == nil {
		t.Error("a payload with a signature that does not hold")
	}
}
