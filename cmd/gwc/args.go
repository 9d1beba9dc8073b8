package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle/oci"
)

// exactly accepts n arguments and names them where they are missing.
func exactly(n int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return fmt.Errorf("%s: missing %s; usage: %s", cmd.CommandPath(), strings.Join(names[len(args):], " "), cmd.UseLine())
		case len(args) > n:
			return fmt.Errorf("%s: unexpected %q; usage: %s", cmd.CommandPath(), args[n], cmd.UseLine())
		}
		return nil
	}
}

// atLeast accepts one argument or more.
func atLeast(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exactly(1, name)(cmd, args)
		}
		return nil
	}
}

// registryFlags say how to speak to a registry.
type registryFlags struct {
	plainHTTP bool
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.plainHTTP, "plain-http", false, "speak HTTP without TLS to the registry")
}

func (f registryFlags) options() oci.Options {
	return oci.Options{PlainHTTP: f.plainHTTP}
}
