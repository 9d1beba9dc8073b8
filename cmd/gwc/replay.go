package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/replay"
	"gwc.dev/runtime/secret"
)

// replayFlags say where two running proxies are, and who asks them.
type replayFlags struct {
	proxies          string // OLD,NEW
	certificate, key string // files
	secretsDir       string
	signingKeys      []string // ISSUER=FILE
}

func (f *replayFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.proxies, "replay", "", "send every example to two running proxies, OLD,NEW, and see whether they answer as claimed")
	flags.StringVar(&f.certificate, "client-cert", "", "with --replay: a file with the certificate (PEM) for listeners that ask clients for one")
	flags.StringVar(&f.key, "client-key", "", "with --replay: a file with the private key (PEM) of the certificate")
	flags.StringVar(&f.secretsDir, "secrets-dir", "", "with --replay: where consumers' API keys are, as DIR/NAME/KEY, to show what is behind authentication")
	flags.StringArrayVar(&f.signingKeys, "signing-key", nil, "with --replay: ISSUER=FILE, the private key (PEM or JWK) that signs an issuer's tokens; may be repeated")
}

// errReplay says that an answer was not what the report claims.
var errReplay = errors.New("a request was not answered as claimed")

// replay returns what the flags ask for; nil: nothing.
func (f *replayFlags) replay() (*replay.Replay, error) {
	if f.proxies == "" {
		for _, other := range []struct {
			flag  string
			given bool
		}{
			{"client-cert", f.certificate != ""}, {"client-key", f.key != ""}, {"secrets-dir", f.secretsDir != ""}, {"signing-key", len(f.signingKeys) > 0},
		} {
			if other.given {
				return nil, fmt.Errorf("--%s is for --replay", other.flag)
			}
		}
		return nil, nil
	}
	old, new, ok := strings.Cut(f.proxies, ",")
	if !ok || old == "" || new == "" || strings.Contains(new, ",") {
		return nil, fmt.Errorf("--replay: %q is not OLD,NEW: the addresses of two proxies", f.proxies)
	}
	if (f.certificate == "") != (f.key == "") {
		return nil, errors.New("--client-cert and --client-key go together: a client certificate and its key")
	}
	o := replay.Options{Old: old, New: new}
	if f.certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return nil, fmt.Errorf("--client-cert: %w", err)
		}
		o.Certificate = &pair
	}
	if f.secretsDir != "" {
		if !isDir(f.secretsDir) {
			return nil, fmt.Errorf("--secrets-dir: %q is no directory", f.secretsDir)
		}
		o.Known.Keys = secret.Dir(f.secretsDir).Resolve
	}
	var err error
	if o.Known.Signers, err = signers(f.signingKeys); err != nil {
		return nil, err
	}
	return replay.New(o), nil
}

// replay sends the examples of a comparison to both proxies, and says what came of it.
func (a *app) replay(ctx context.Context, r *replay.Replay, c behaviour.Comparison) error {
	sum, err := r.Run(ctx, a.err, c)
	if err != nil {
		return fmt.Errorf("--replay: %w", err)
	}
	fmt.Fprintln(a.err, sum)
	switch {
	case sum.Wrong > 0:
		return errReplay
	case sum.Silent > 0:
		return fmt.Errorf("--replay: %d requests were not answered", sum.Silent)
	}
	return nil
}
