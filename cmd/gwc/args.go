package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// exactly accepts n arguments and names them where they are missing.
func exactly(n int, names ...string) cobra.PositionalArgs { return between(n, n, names...) }

// between accepts least to most arguments and names those that are missing.
func between(least, most int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s: missing %s; usage: %s", cmd.CommandPath(), strings.Join(names[len(args):least], " "), cmd.UseLine())
		case len(args) > most:
			return fmt.Errorf("%s: unexpected %q; usage: %s", cmd.CommandPath(), args[most], cmd.UseLine())
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
