package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema/bundle"
)

func (a *app) inspectCommand() *cobra.Command {
	var (
		format   string
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "inspect FILE|oci://...",
		Short: "Show what is in a bundle, without asking who signed it",
		Long: `Show what is in a bundle. Nothing is verified but that it is whole: use "gwc verify" to know that it is genuine.

--format model prints the compiled model itself, as the proxy reads it.`,
		Example: `  gwc inspect production.bundle
  gwc inspect oci://registry.example.com/gateway/production:production --format model | jq .apis`,
		Args: exactly(1, "FILE|oci://..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readBundle(cmd.Context(), args[0], registry)
			if err != nil {
				return err
			}
			b, err := bundle.Inspect(data)
			if err != nil {
				return named(args[0], err)
			}
			return a.printBundle(format, b)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how to print it: text, json or model")
	registry.add(cmd)
	return cmd
}

// printOrigin says which bundle it is and what it was made from.
func printOrigin(w io.Writer, b *bundle.Bundle) {
	fmt.Fprintf(w, "revision\t%s\n", b.Revision)
	fmt.Fprintf(w, "environment\t%s\n", diag.Plain(b.Environment))
	fmt.Fprintf(w, "serial\t%d\n", b.Serial)
	if b.GitRevision != "" {
		fmt.Fprintf(w, "git revision\t%s\n", diag.Plain(b.GitRevision))
	}
}

// signatory names who signed in full.
func signatory(s bundle.Signatory) string {
	if s.Subject != "" {
		return s.String()
	}
	return "key " + s.KeyID
}

func keyIDs(all []bundle.Signatory) []string {
	ids := []string{}
	for _, s := range all {
		ids = append(ids, s.KeyID)
	}
	return ids
}

func (a *app) printBundle(format string, b *bundle.Bundle) error {
	routes := 0
	for _, api := range b.Gateway.APIs {
		routes += len(api.Routes)
	}
	switch format {
	case "text":
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		printOrigin(w, b)
		fmt.Fprintf(w, "APIs\t%d\n", len(b.Gateway.APIs))
		fmt.Fprintf(w, "routes\t%d\n", routes)
		fmt.Fprintf(w, "upstreams\t%d\n", len(b.Gateway.Upstreams))
		if len(b.Signers) == 0 {
			fmt.Fprint(w, "signed by\tnobody\n")
		}
		for _, s := range b.Signers {
			fmt.Fprintf(w, "signed by\t%s, not verified\n", signatory(s))
		}
		return w.Flush()
	case "json":
		return diag.EncodeJSON(a.out, struct {
			Revision    string   `json:"revision"`
			Environment string   `json:"environment"`
			Serial      uint64   `json:"serial"`
			GitRevision string   `json:"gitRevision,omitempty"`
			APIs        int      `json:"apis"`
			Routes      int      `json:"routes"`
			Upstreams   int      `json:"upstreams"`
			Signers     []string `json:"signers"`
		}{b.Revision, b.Environment, b.Serial, b.GitRevision, len(b.Gateway.APIs), routes, len(b.Gateway.Upstreams), keyIDs(b.Signers)})
	case "model":
		text, err := b.Gateway.Encode()
		if err != nil {
			return err
		}
		_, err = a.out.Write(text)
		return err
	}
	return fmt.Errorf("--format %q: want text, json or model", format)
}
