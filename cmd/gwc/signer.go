package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/keyless"
	"gwc.dev/schema/bundle/trust"
)

// tokenVariable holds an identity token, as it does for cosign.
const tokenVariable = "SIGSTORE_ID_TOKEN"

// signerFlags say who signs: a key, a key with a certificate, or an identity that an authority certifies.
type signerFlags struct {
	keyFile, certificateFile       string
	tokenFile, fulcio, timestamper string
}

func (f *signerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.keyFile, "key", "", "the private key's file")
	cmd.Flags().StringVar(&f.certificateFile, "certificate", "", "a file with the key's certificate and those that it is chained with, in PEM")
	cmd.Flags().StringVar(&f.fulcio, "fulcio-url", "", "sign without a key: the authority that certifies the identity of --identity-token")
	cmd.Flags().StringVar(&f.tokenFile, "identity-token", "", "a file with an OpenID Connect token (default $"+tokenVariable+")")
	cmd.Flags().StringVar(&f.timestamper, "timestamp-url", "", "an authority (RFC 3161) that proves when signatures by a certificate were made")
}

// given reports whether anybody is to sign.
func (f *signerFlags) given() bool { return f.keyFile != "" || f.fulcio != "" }

// errNoSigner asks for one.
var errNoSigner = errors.New("missing --key: the private key's file, or --fulcio-url to sign with an identity")

// signer returns who signs; nil if nobody is named.
func (a *app) signer(ctx context.Context, f signerFlags) (bundle.Signer, error) {
	o := keyless.Options{FulcioURL: f.fulcio, TimestampURL: f.timestamper}
	switch {
	case f.fulcio != "" && (f.keyFile != "" || f.certificateFile != ""):
		return nil, errors.New("--fulcio-url gives a key and its certificate: leave --key and --certificate out")
	case f.fulcio == "" && f.tokenFile != "":
		return nil, errors.New("missing --fulcio-url: the authority that takes the identity token")
	case f.fulcio != "":
		var err error
		if o.Token, err = a.identityToken(f.tokenFile); err != nil {
			return nil, err
		}
		s, err := keyless.Request(ctx, time.Now(), o) // not a.now, which builds can be told
		if err != nil {
			return nil, fmt.Errorf("--fulcio-url: %w", err)
		}
		return s, nil
	case f.keyFile == "" && f.certificateFile != "":
		return nil, errors.New("missing --key: the private key of --certificate")
	case f.certificateFile == "" && f.timestamper != "":
		return nil, errors.New("--timestamp-url is for signatures by a certificate: name one, or --fulcio-url")
	case f.keyFile == "":
		return nil, nil
	}
	k, err := a.privateKey(f.keyFile)
	if err != nil || f.certificateFile == "" {
		return k, err
	}
	text, err := os.ReadFile(f.certificateFile)
	if err != nil {
		return nil, fmt.Errorf("--certificate: %w", err)
	}
	chain, err := trust.ParseCertificates(text)
	if err != nil {
		return nil, fmt.Errorf("--certificate %q: %w", f.certificateFile, err)
	}
	s, err := keyless.New(ctx, k, chain, time.Now(), o)
	if err != nil {
		return nil, fmt.Errorf("--certificate %q: %w", f.certificateFile, err)
	}
	return s, nil
}

// identityToken reads the token in a file, or in the environment.
func (a *app) identityToken(file string) (string, error) {
	token, _ := a.getenv(tokenVariable)
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("--identity-token: %w", err)
		}
		token = string(text)
	}
	if token = strings.TrimSpace(token); token == "" {
		return "", fmt.Errorf("no identity token: name its file with --identity-token, or set %s", tokenVariable)
	}
	return token, nil
}

// trusting returns whom files trust, and whoever signs with a key of their own: until when, the files say if they name it. A
// certificate vouches for an identity, which is trusted if the files say so.
func trusting(s bundle.Signer, files []string) (bundle.Trust, error) {
	t, err := trust.Load(files...)
	if err != nil || s == nil {
		return t, err
	}
	own := s.Public()
	_, certified := s.(bundle.CertifiedSigner)
	named := slices.ContainsFunc(t.Keys, func(k bundle.PublicKey) bool { return k.ID() == own.ID() })
	if !certified && !named {
		t.Add(bundle.Trusting(own))
	}
	return t, nil
}
