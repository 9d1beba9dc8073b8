package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/report"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema VERB",
		Short: "Print the JSON Schema of what a verb prints as JSON",
		Long: `Print the JSON Schema (draft 2020-12) of what a verb prints with --format json: ` + strings.Join(report.Names(), ", ") + `.
Fields are only ever added.`,
		Example: `  gwc schema diff > diff.schema.json`,
		Args:    exactly(1, "VERB"),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := report.Schema(args[0])
			if err != nil {
				return fmt.Errorf("verb %w", err)
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}
