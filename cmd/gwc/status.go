package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle"
)

func (a *app) statusCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "status ADDRESS...",
		Short: "Show which revision each proxy serves, and what it refused and why",
		Long: `Ask the admin ports of proxies which revision they serve, and what they refused and why, with the position in the
definitions. The exit status is 1 if a proxy serves nothing, refuses its newest bundle, leaves something of it out
(--isolate), serves what is stale (--max-staleness), or serves another revision than the others.`,
		Example: `  gwc status 127.0.0.1:9901`,
		Args:    atLeast("ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			healthy, revisions := true, map[string]bool{}
			for _, address := range args {
				s, err := proxyState(ctx, address)
				if err != nil {
					return err
				}
				s.print(a.out, address)
				healthy = healthy && s.Active != nil && s.Refused == nil && len(s.Isolated) == 0 && !s.Source.Stale
				if s.Active != nil {
					revisions[s.Active.Revision] = true
				}
			}
			if !healthy || len(revisions) > 1 {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long to wait for all of them")
	return cmd
}

// proxyStatus is what of a proxy's /status is shown.
type proxyStatus struct {
	Environment string `json:"environment"`
	Insecure    bool   `json:"insecure"`
	Active      *struct {
		Revision    string     `json:"revision"`
		Serial      uint64     `json:"serial"`
		GitRevision string     `json:"gitRevision"`
		Issuer      string     `json:"issuer"`
		Subject     string     `json:"subject"`
		SignedAt    *time.Time `json:"signedAt"`
	} `json:"active"`
	Refused *struct {
		Revision string         `json:"revision"`
		Serial   uint64         `json:"serial"`
		Reason   string         `json:"reason"`
		Message  string         `json:"message"`
		Problems []proxyProblem `json:"problems"`
	} `json:"refused"`
	StateError string `json:"stateError"`
	Isolated   []struct {
		API      string         `json:"api"`
		Consumer string         `json:"consumer"`
		Problems []proxyProblem `json:"problems"`
	} `json:"isolated"`
	Source struct {
		LastError     string    `json:"lastError"`
		LastConfirmed time.Time `json:"lastConfirmed"`
		MaxStaleness  string    `json:"maxStaleness"`
		Stale         bool      `json:"stale"`
	} `json:"source"`
	JWKS []struct {
		URL       string `json:"url"`
		Keys      int    `json:"keys"`
		LastError string `json:"lastError"`
	} `json:"jwks"`
	Secrets []struct {
		Name  string `json:"name"`
		Error string `json:"error"`
	} `json:"secrets"`
	Trust struct {
		Trusted []struct {
			Signer  string     `json:"signer"`
			Expires *time.Time `json:"expires"`
		} `json:"trusted"`
		Error   string `json:"error"`
		Warning string `json:"warning"`
	} `json:"trust"`
}

// proxyProblem is one reason why something is not served.
type proxyProblem struct {
	Path     string `json:"path"`
	Position string `json:"position"`
	Message  string `json:"message"`
}

// maxStatus bounds what a proxy may answer.
const maxStatus = 4 << 20

func proxyState(ctx context.Context, address string) (*proxyStatus, error) {
	url := address
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/status", nil)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %q: %w; it must be a gwproxy's admin address", address, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking %q: %s; is it a gwproxy's admin address?", address, resp.Status)
	}
	var s proxyStatus
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxStatus)).Decode(&s); err != nil {
		return nil, fmt.Errorf("asking %q: %w; is it a gwproxy's admin address?", address, err)
	}
	return &s, nil
}

func (s *proxyStatus) print(w io.Writer, address string) {
	switch {
	case s.Active == nil:
		fmt.Fprintf(w, "%s: serves nothing\n", address)
	default:
		fmt.Fprintf(w, "%s: serves %s serial %d %s\n", address, s.Environment, s.Active.Serial, s.Active.Revision)
	}
	if a := s.Active; a != nil && a.Subject != "" { // the ID of a key says nothing to most readers
		fmt.Fprintf(w, "    signed by %s", bundle.Identity{Issuer: a.Issuer, Subject: a.Subject})
		if a.SignedAt != nil {
			fmt.Fprintf(w, " at %s", a.SignedAt.UTC().Format(time.RFC3339))
		}
		fmt.Fprintln(w)
	}
	if s.Insecure {
		fmt.Fprintln(w, "    does not verify bundles (--insecure-skip-verify)")
	}
	if r := s.Refused; r != nil {
		which := "its newest bundle"
		if r.Revision != "" {
			which = fmt.Sprintf("serial %d %s", r.Serial, r.Revision)
		}
		fmt.Fprintf(w, "    refused %s: %s [%s]\n", which, r.Message, r.Reason)
		printProblems(w, r.Problems)
	}
	for _, i := range s.Isolated {
		if i.API != "" {
			fmt.Fprintf(w, "    left out API %q, whose requests are answered with 503:\n", i.API)
		} else {
			fmt.Fprintf(w, "    left out consumer %q, who is not recognised:\n", i.Consumer)
		}
		printProblems(w, i.Problems)
	}
	if s.Source.Stale {
		fmt.Fprintf(w, "    stale: the source confirmed it at %s for the last time, and %s is allowed\n",
			s.Source.LastConfirmed.UTC().Format(time.RFC3339), s.Source.MaxStaleness)
	}
	if s.StateError != "" {
		fmt.Fprintf(w, "    state directory: %s\n", s.StateError)
	}
	if s.Source.LastError != "" {
		fmt.Fprintf(w, "    source: %s\n", s.Source.LastError)
	}
	for _, k := range s.JWKS {
		switch {
		case k.Keys == 0 && k.LastError != "":
			fmt.Fprintf(w, "    no keys of %s, whose tokens are answered with 503: %s\n", k.URL, k.LastError)
		case k.LastError != "":
			fmt.Fprintf(w, "    keys of %s are the last good ones: %s\n", k.URL, k.LastError)
		}
	}
	for _, secret := range s.Secrets {
		fmt.Fprintf(w, "    secret %s is the last good one: %s\n", secret.Name, secret.Error)
	}
	s.printTrust(w)
}

// printTrust says who is the first not to be trusted any more, and what is amiss.
func (s *proxyStatus) printTrust(w io.Writer) {
	var who string
	var first time.Time
	for _, t := range s.Trust.Trusted {
		if t.Expires != nil && (who == "" || t.Expires.Before(first)) {
			who, first = t.Signer, *t.Expires
		}
	}
	if who != "" {
		fmt.Fprintf(w, "    trusts %s until %s\n", who, first.UTC().Format(time.RFC3339))
	}
	if s.Trust.Error != "" {
		fmt.Fprintf(w, "    trust has changed and is not in use: %s\n", s.Trust.Error)
	}
	if s.Trust.Warning != "" {
		fmt.Fprintf(w, "    %s\n", s.Trust.Warning)
	}
}

func printProblems(w io.Writer, problems []proxyProblem) {
	for _, p := range problems {
		at := p.Position
		if at == "" {
			at = "no position"
		}
		fmt.Fprintf(w, "    %s: %s: %s\n", at, p.Path, p.Message)
	}
}
