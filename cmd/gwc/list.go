package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/trust"
)

func (a *app) listCommand() *cobra.Command {
	var (
		format   string
		trusted  []string
		most     int
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "list ENV [oci://REPOSITORY]",
		Short: "List what was pushed of an environment",
		Long: `List the artifacts of an environment in a registry, the newest first, and mark the one that proxies follow. The repository
is by default the environment's targets.kube.repository.

What is listed is what the artifacts say of themselves. With --trust each bundle is pulled and verified, and who signed it
listed too; the exit status is 1 if one is refused.`,
		Example: `  gwc list environments/production
  gwc list environments/production --trust gateway.pub --most 5`,
		Args: between(1, 2, "ENV", "oci://REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case format != "text" && format != "json":
				return fmt.Errorf("--format: there is no %q: text or json", format)
			case most < 1:
				return errors.New("--most: list at least one")
			}
			var t *bundle.Trust
			if len(trusted) > 0 {
				loaded, err := trust.Load(trusted...)
				if err != nil {
					return fmt.Errorf("--trust: %w", err)
				}
				t = &loaded
			}
			c, err := a.published(args[0], strings.Join(args[1:], ""), registry)
			if err != nil {
				return err
			}
			l, err := listed(cmd.Context(), c, most, t)
			if err != nil {
				return err
			}
			if err := l.print(a.out, format); err != nil {
				return err
			}
			if l.refused {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how to print it: text or json")
	cmd.Flags().IntVar(&most, "most", 20, "how many to list")
	cmd.Flags().StringArrayVar(&trusted, "trust", nil, "verify each bundle against a trust document, or a file with public keys; may be repeated")
	registry.addDirect(cmd)
	return cmd
}

// A listing is what was pushed of an environment.
type listing struct {
	Environment string          `json:"environment"`
	Repository  string          `json:"repository"`
	Artifacts   []listedRelease `json:"artifacts"`
	Older       int             `json:"older"` // how many more there are

	verified, refused bool
}

type listedRelease struct {
	Serial   uint64 `json:"serial"`
	Followed bool   `json:"followed"`
	Digest   string `json:"digest,omitempty"`
	Commit   string `json:"commit,omitempty"`
	Created  string `json:"created,omitempty"`
	Restores uint64 `json:"restores,omitempty"`
	SignedBy string `json:"signedBy,omitempty"` // who is trusted and did; only where that was asked for
	Error    string `json:"error,omitempty"`    // why it cannot be read, or is refused
}

// listed describes the newest artifacts of a channel, and verifies them if t is not nil. What cannot be read is listed as that.
func listed(ctx context.Context, c oci.Channel, most int, t *bundle.Trust) (*listing, error) {
	serials, err := c.Serials(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.Reader()
	if err != nil {
		return nil, err
	}
	followed, err := r.Digest(ctx, c.Environment)
	if err != nil && !errors.Is(err, oci.ErrNotFound) {
		return nil, fmt.Errorf("looking up %q: %w", c.Followed(), err)
	}
	l := &listing{Environment: c.Environment, Repository: c.Repository, Artifacts: []listedRelease{}, verified: t != nil}
	l.Older = max(len(serials)-most, 0)
	for _, serial := range serials[:len(serials)-l.Older] {
		one := listedRelease{Serial: serial}
		d, err := r.Describe(ctx, c.Tag(serial))
		if err == nil {
			one.Digest, one.Followed = d.Digest, d.Digest == followed
			one.Commit, one.Created = d.Commit(), d.Annotations[oci.AnnotationCreated]
			one.Restores, _ = d.Restores()
			if claimed, ok := d.Serial(); !ok || claimed != serial || d.Environment() != c.Environment {
				err = fmt.Errorf("it is not what the tag says: environment %q, serial %q", d.Environment(), d.Annotations[oci.AnnotationSerial])
			}
		}
		if err == nil && t != nil {
			one.SignedBy, err = whoSigned(ctx, c, serial, *t)
		}
		if err != nil {
			one.Error, l.refused = err.Error(), l.verified
		}
		l.Artifacts = append(l.Artifacts, one)
	}
	return l, nil
}

// whoSigned verifies the bundle of a serial and returns who signed it.
func whoSigned(ctx context.Context, c oci.Channel, serial uint64, t bundle.Trust) (string, error) {
	b, err := open(ctx, c, c.Tag(serial), t)
	if err != nil {
		return "", err
	}
	if b.Bundle.Serial != serial {
		return "", fmt.Errorf("its bundle has serial %d", b.Bundle.Serial)
	}
	return b.By.String(), nil
}

func (l *listing) print(out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(l)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	title := "\tSERIAL\tCOMMIT\tCREATED\tDIGEST"
	if l.verified {
		title += "\tSIGNED BY"
	}
	fmt.Fprintln(w, title)
	for _, one := range l.Artifacts {
		mark := ""
		if one.Followed {
			mark = "*"
		}
		fmt.Fprintf(w, "%s\t%d\t%.12s\t%.40s\t%s", mark, one.Serial, diag.Plain(one.Commit), diag.Plain(one.Created), one.Digest)
		switch {
		case one.Error != "":
			fmt.Fprintf(w, "\t%s", one.Error)
		case l.verified:
			fmt.Fprintf(w, "\t%s", one.SignedBy)
		}
		if one.Restores != 0 {
			fmt.Fprintf(w, "\t(serial %d again)", one.Restores)
		}
		fmt.Fprintln(w)
	}
	if l.Older > 0 {
		fmt.Fprintf(w, "\tand %d older\n", l.Older)
	}
	return w.Flush()
}
