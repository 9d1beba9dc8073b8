package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gwc.dev/cmd/internal/version"
	"gwc.dev/compiler/nearest"
)

// app is what every verb gets from the process.
type app struct {
	in     io.Reader
	out    io.Writer // the product
	err    io.Writer // the talk
	getenv func(string) (string, bool)
	now    func() time.Time
}

// errFindings ends a verb that has printed findings or differences at or above the asked threshold.
var errFindings = errors.New("findings")

// Exit statuses.
const (
	exitOK       = 0
	exitFindings = 1
	exitUnable   = 2
)

// run carries out one command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) (status int) {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	default:
		fmt.Fprintf(a.err, "gwc: %v\n", err)
		return exitUnable
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "gwc",
		Short: "Compile, check and deliver API gateway configuration",
		Long: `gwc compiles API gateway configuration. Teams describe their APIs in CUE, one directory an environment; gwc
type-checks them, proves properties of them, holds them to policies, and compiles them into a signed bundle that
gwproxy serves, with the Kubernetes manifests, Prometheus rules and Flux objects beside it.

Exit status: 0 fine, 1 findings or differences at or above the asked threshold, 2 gwc could not do it.`,
		Version:       version.Of(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          verb,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; \"%s --help\" lists the flags", err, cmd.CommandPath())
	})
	root.SetVersionTemplate("gwc {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{
		Use:   "help [VERB]",
		Short: "Say what a verb does",
		Args:  func(_ *cobra.Command, args []string) error { return verb(root, args) },
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, _, err := root.Find(args)
			if err != nil {
				return err
			}
			cmd.InitDefaultHelpFlag()
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	})
	// In the order in which people come to need them.
	root.AddCommand(
		a.initCommand(),
		a.vetCommand(),
		a.diffCommand(),
		a.testCommand(),
		a.keygenCommand(),
		a.buildCommand(),
		a.signCommand(),
		a.verifyCommand(),
		a.inspectCommand(),
		a.pushCommand(),
		a.pullCommand(),
		a.listCommand(),
		a.rollbackCommand(),
		a.promoteCommand(),
		a.renderCommand(),
		a.explainCommand(),
		a.graphCommand(),
		a.statusCommand(),
		a.schemaCommand(),
	)
	return root
}

// verb refuses what is no verb, and names the nearest one.
func verb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, cmd := range root.Commands() {
		if cmd.Name() == args[0] {
			return nil
		}
		known = append(known, cmd.Name())
	}
	if near := nearest.To(args[0], known); near != "" {
		return fmt.Errorf("no verb %q: did you mean %q?", args[0], near)
	}
	return fmt.Errorf("no verb %q: \"gwc help\" lists them", args[0])
}

// colour reports whether w is a terminal whose user has not refused colour (https://no-color.org).
func (a *app) colour(w io.Writer) bool {
	if v, ok := a.getenv("NO_COLOR"); ok && v != "" {
		return false
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
