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
)

// replayFlags say where two running proxies are, and who asks them.
type replayFlags struct {
	proxies          string // OLD,NEW
	certificate, key string // files
}

func (f *replayFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.proxies, "replay", "", "send every example to two running proxies, OLD,NEW, and see whether they answer as claimed")
	flags.StringVar(&f.certificate, "client-certificate", "", "with --replay: a file with the certificate (PEM) for listeners that ask clients for one")
	flags.StringVar(&f.key, "client-key", "", "with --replay: a file with the private key (PEM) of the certificate")
}

// errReplay says that an answer was not what the report claims.
var errReplay = errors.New("a request was not answered as claimed")

// replay returns what the flags ask for; nil: nothing.
func (f *replayFlags) replay() (*replay.Replay, error) {
	switch {
	case (f.certificate == "") != (f.key == ""):
		return nil, errors.New("--client-certificate and --client-key go together")
	case f.proxies == "" && f.certificate != "":
		return nil, errors.New("--client-certificate is for --replay")
	case f.proxies == "":
		return nil, nil
	}
	old, new, ok := strings.Cut(f.proxies, ",")
	if !ok || old == "" || new == "" || strings.Contains(new, ",") {
		return nil, fmt.Errorf("--replay: %q is not OLD,NEW: the addresses of two proxies", f.proxies)
	}
	o := replay.Options{Old: old, New: new}
	if f.certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return nil, fmt.Errorf("--client-certificate: %w", err)
		}
		o.Certificate = &pair
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
