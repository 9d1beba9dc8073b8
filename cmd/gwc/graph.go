package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/picture"
	"gwc.dev/schema"
)

func (a *app) graphCommand() *cobra.Command {
	var (
		api, format, base string
		registry          registryFlags
	)
	cmd := &cobra.Command{
		Use:   "graph ENV",
		Short: "Draw an environment",
		Long: `Draw an environment: listeners, hosts, APIs, routes with what they match and their filters in order, and upstreams.

With --base, what is added, removed and changed since is marked; it takes what gwc diff takes. As HTML it is a page that needs
nothing but itself, and above so many routes that one picture is no help it has one for each API.`,
		Example: `  gwc graph environments/production                                   # Mermaid, for Markdown
  gwc graph environments/production --api echo --format svg > echo.svg
  gwc graph environments/production --base origin/main --format html > change.html`,
		Args: exactly(1, "ENV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "mermaid" && format != "svg" && format != "html" {
				return fmt.Errorf("--format %q: want mermaid, svg or html", format)
			}
			model, err := a.loaded(args[0])
			if err != nil {
				return err
			}
			o := picture.Options{API: api}
			if !cmd.Flags().Changed("base") {
				if format == "html" {
					return picture.WritePage(a.out, filepath.Clean(args[0]), model, o)
				}
				return drawing(a.out, format)(picture.Of(model, o))
			}
			if base == "" {
				return errors.New(`--base "": want a git revision, a directory, a bundle file or oci://`)
			}
			earlier, err := a.baseline(cmd.Context(), args, base, registry)
			if err != nil {
				return err
			}
			defer earlier.close()
			old, err := earlier.environment(args[0], model)
			if err != nil {
				return err
			}
			if format != "html" {
				return drawing(a.out, format)(picture.Between(old, model, o))
			}
			c, err := comparison(args[0], old, model)
			if err != nil {
				return err
			}
			return picture.WriteChange(a.out, []behaviour.Comparison{c}, o)
		},
	}
	cmd.Flags().StringVar(&api, "api", "", "draw this API only, with what leads to it and from it")
	cmd.Flags().StringVar(&format, "format", "mermaid", "how to draw: mermaid, svg or html")
	cmd.Flags().StringVar(&base, "base", "", "mark what differs from a git revision, a directory, a bundle file or oci://")
	registry.add(cmd)
	return cmd
}

// drawing writes a picture, if there is one.
func drawing(w io.Writer, format string) func(*picture.Graph, error) error {
	return func(g *picture.Graph, err error) error {
		switch {
		case err != nil:
			return err
		case format == "svg":
			return g.WriteSVG(w)
		}
		return g.WriteMermaid(w)
	}
}

// comparison compares two states of the environment in dir.
func comparison(dir string, old, new *schema.Gateway) (behaviour.Comparison, error) {
	report, err := behaviour.Compare(old, new)
	return behaviour.Comparison{
		Environment: filepath.Clean(dir), Old: old, New: new, Behaviour: report, Places: diff.Compare(old, new),
	}, err
}
