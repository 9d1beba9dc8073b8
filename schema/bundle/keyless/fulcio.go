package keyless

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/trust"
)

// maxAnswer bounds what a certificate authority may answer, in bytes.
const maxAnswer = 1 << 20

// Request makes a key and has the authority certify it for whoever the token speaks of.
func Request(ctx context.Context, now time.Time, o Options) (*Signer, error) {
	k, err := key.Generate(key.ECDSA)
	if err != nil {
		return nil, err
	}
	chain, err := certify(ctx, k, o)
	if err != nil {
		return nil, fmt.Errorf("certificate authority %q: %w", o.FulcioURL, err)
	}
	return New(ctx, k, chain, now, o)
}

// certify asks for a certificate with a signing request, whose signature proves that the key is ours.
func certify(ctx context.Context, k *key.Private, o Options) ([]*x509.Certificate, error) {
	csr, err := k.CertificateRequest(rand.Reader)
	if err != nil {
		return nil, err
	}
	type credentials struct {
		Token string `json:"oidcIdentityToken"`
	}
	question, err := json.Marshal(struct {
		Credentials credentials `json:"credentials"`
		Request     []byte      `json:"certificateSigningRequest"`
	}{credentials{o.Token}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})})
	if err != nil {
		return nil, err
	}
	data, err := post(ctx, o.client(), strings.TrimSuffix(o.FulcioURL, "/")+"/api/v2/signingCert", question)
	if err != nil {
		return nil, err
	}
	type certificate struct {
		Chain struct {
			Certificates []string `json:"certificates"`
		} `json:"chain"`
	}
	var answer struct {
		Embedded *certificate `json:"signedCertificateEmbeddedSct"`
		Detached *certificate `json:"signedCertificateDetachedSct"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, errors.New("its answer is no JSON")
	}
	given := answer.Embedded
	if given == nil {
		given = answer.Detached
	}
	if given == nil {
		return nil, errors.New("its answer holds no certificate")
	}
	chain, err := trust.ParseCertificates([]byte(strings.Join(given.Chain.Certificates, "\n")))
	if err != nil {
		return nil, fmt.Errorf("its answer: %w", err)
	}
	return chain, nil
}

func post(ctx context.Context, client *http.Client, address string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, reasonOf(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		var said struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(data, &said) == nil && said.Message != "" {
			return nil, fmt.Errorf("it answers %s: %.300q", response.Status, said.Message)
		}
		return nil, fmt.Errorf("it answers %s", response.Status)
	}
	return data, nil
}

// reasonOf strips the URL from an error that is going to be named with it.
func reasonOf(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}
