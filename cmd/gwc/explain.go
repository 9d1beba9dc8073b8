package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gwc.dev/compiler"
	"gwc.dev/compiler/explain"
)

func (a *app) explainCommand() *cobra.Command {
	var (
		headers        []string
		client, format string
	)
	cmd := &cobra.Command{
		Use:   "explain ENV METHOD URL",
		Short: "Show which route takes a request, and why the others do not",
		Long: `Show which route takes a request: the others that its host and path fit with the reason why they lost, what each filter of
the route does with it in order, and where it goes. The match table and the filters are the proxy's own; credentials and
counts, which only a running proxy knows, are presumed to let the request pass. The URL's scheme says which listeners it may
come in at, and its port where that is a listener's own. The exit status is 1 if no route takes the request.`,
		Example: `  gwc explain environments/production GET https://api.example.com/echo/x -H 'x-api-version: v2'`,
		Args:    exactly(3, "ENV, METHOD and URL"),
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %q: want text or json", format)
			}
			request, err := explain.Read(args[1], args[2], headers, client)
			if err != nil {
				return err
			}
			env, err := compiler.Load(args[0], compiler.Options{})
			if err != nil {
				return err
			}
			if env.Model == nil {
				if err := a.printFindings(a.err, "text", env.Findings); err != nil {
					return err
				}
				return errFindings
			}
			e, err := explain.Of(env.Model, env.Positions, request)
			if err != nil {
				return err
			}
			if err := e.Write(a.out, format); err != nil {
				return err
			}
			if !e.Taken() {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVarP(&headers, "header", "H", nil, "a header field of the request, as 'name: value' (may be repeated)")
	cmd.Flags().StringVar(&client, "client", "192.0.2.1", "the address that the connection comes from")
	cmd.Flags().StringVar(&format, "format", "text", "how to print it: text or json")
	return cmd
}
