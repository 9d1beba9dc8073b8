package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gwc.dev/policy"
	schemav1 "gwc.dev/schema/v1"
)

// TestReferenceIsCurrent holds docs/reference to the definitions, the commands, the policies and the lists of codes that it
// is made from. GWC_UPDATE=1 rewrites it.
func TestReferenceIsCurrent(t *testing.T) {
	for name, write := range map[string]func(*testing.T, *bytes.Buffer){
		"schema.md":   writeSchema,
		"commands.md": writeCommands,
		"policies.md": writePolicies,
		"findings.md": writeFindings,
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			write(t, &b)
			path := filepath.Join("..", "..", "docs", "reference", name)
			if os.Getenv("GWC_UPDATE") != "" {
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			have, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.String(), string(have)); diff != "" {
				t.Errorf("%s is out of date, GWC_UPDATE=1 rewrites it (-want +got):\n%s", path, diff)
			}
		})
	}
}

// schemaOrder is the order in which a reader meets the definitions' files.
var schemaOrder = []string{
	"gateway", "listener", "upstream", "consumer", "route", "filter", "auth", "ratelimit", "cors", "headers", "retry",
	"waiver", "test", "target",
}

func writeSchema(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# Schema reference\n\nMade from the definitions in `schema/v1`. `import gw \"gwc.dev/schema/v1\"`.\n")
	seen := map[string]bool{}
	for _, name := range schemaOrder {
		seen[name+".cue"] = true
		src, err := schemav1.Files.ReadFile(name + ".cue")
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(name+".cue", src, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			field, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			label, _, err := ast.LabelName(field.Label)
			if err != nil || !strings.HasPrefix(label, "#") {
				continue
			}
			fmt.Fprintf(b, "\n## %s\n\n%s\n", label, comment(field))
			if s, ok := field.Value.(*ast.StructLit); ok {
				b.WriteString("\n| field | type | default | |\n|---|---|---|---|\n")
				writeFields(t, b, "", s)
			} else {
				fmt.Fprintf(b, "\n    %s\n", cueText(t, field.Value))
			}
		}
	}
	entries, err := schemav1.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !seen[entry.Name()] {
			t.Errorf("%s has no place in the reference: add it to schemaOrder", entry.Name())
		}
	}
}

// writeFields writes a table row for each field of a struct, nested ones under dotted names.
func writeFields(t *testing.T, b *bytes.Buffer, prefix string, s *ast.StructLit) {
	for _, elt := range s.Elts {
		switch elt := elt.(type) {
		case *ast.EmbedDecl:
			fmt.Fprintf(b, "| %s… | %s | | every field of it |\n", prefix, link(elt.Expr, t))
		case *ast.Field:
			label := cueText(t, elt.Label)
			required := ""
			switch {
			case elt.Constraint.String() == "!":
				required = " **required**"
			}
			name := prefix + strings.Trim(label, `"`)
			if nested, ok := elt.Value.(*ast.StructLit); ok {
				fmt.Fprintf(b, "| `%s`%s | struct | | %s |\n", name, required, cell(comment(elt)))
				writeFields(t, b, name+".", nested)
				continue
			}
			fmt.Fprintf(b, "| `%s`%s | %s | %s | %s |\n", name, required, link(elt.Value, t), defaultOf(elt), cell(comment(elt)))
		}
	}
}

// link returns a type as code, with a link where it is one definition.
func link(x ast.Expr, t *testing.T) string {
	text := cueText(t, x)
	if id, ok := x.(*ast.Ident); ok && strings.HasPrefix(id.Name, "#") {
		return fmt.Sprintf("[`%s`](#%s)", text, strings.ToLower(strings.TrimPrefix(id.Name, "#")))
	}
	return "`" + strings.ReplaceAll(cell(text), "`", "") + "`"
}

func defaultOf(f *ast.Field) string {
	for _, attr := range f.Attrs {
		if key, body := attr.Split(); key == "gwc" {
			return "`" + strings.TrimPrefix(body, "default=") + "`"
		}
	}
	return ""
}

func comment(n ast.Node) string {
	var lines []string
	for _, group := range ast.Comments(n) {
		if group.Doc || !group.Line {
			for _, c := range group.List {
				lines = append(lines, strings.TrimSpace(strings.TrimPrefix(c.Text, "//")))
			}
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", "\\|")
}

func cueText(t *testing.T, n ast.Node) string {
	text, err := format.Node(n, format.Simplify())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

func writeCommands(_ *testing.T, b *bytes.Buffer) {
	root := (&app{}).root()
	b.WriteString("# Command reference\n\nMade from the commands themselves; `gwc help VERB` prints the same.\n\n" + root.Long + "\n")
	for _, cmd := range root.Commands() {
		if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		writeCommand(b, cmd)
	}
}

func writeCommand(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n## gwc %s\n\n%s.\n\n    %s\n", cmd.Name(), cmd.Short, cmd.UseLine())
	if cmd.Long != "" {
		fmt.Fprintf(b, "\n%s\n", cmd.Long)
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "\nFor example:\n\n```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimSpace(cmd.Example), "\n  ", "\n"))
	}
	if cmd.Flags().HasFlags() {
		b.WriteString("\n| flag | default | |\n|---|---|---|\n")
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			value := f.DefValue
			if value == "[]" {
				value = ""
			}
			if value != "" {
				value = "`" + value + "`"
			}
			name := "`--" + f.Name + "`"
			if f.Shorthand != "" {
				name = "`-" + f.Shorthand + "`, " + name
			}
			fmt.Fprintf(b, "| %s | %s | %s |\n", name, value, cell(f.Usage))
		})
	}
}

func writePolicies(t *testing.T, b *bytes.Buffer) {
	engine, err := policy.New(context.Background(), policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("# Policy reference\n\nThe rules that are built in. Each can be waived at one place (see [vet](../vet.md)).\n\n" +
		"| code | severity | |\n|---|---|---|\n")
	for _, rule := range engine.Rules() {
		fmt.Fprintf(b, "| `%s` | %s | **%s** %s |\n", rule.Code, rule.Severity, cell(rule.Title), cell(rule.Description))
	}
}

// writeFindings takes the codes from where the code lists them, with what each means.
func writeFindings(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# Finding reference\n\nThe codes of what `gwc vet` finds, beside those of [policies](policies.md). They are errors unless it says " +
		"otherwise. `gwc test` has codes of its own for tests that can never hold, which begin with `test-`; `gwc render` warns with " +
		"`target-untrusted` where its manifests name nobody whom proxies trust. What the proxy's own build " +
		"refuses, and none of these checks has said, has the proxy's code.\n")
	for _, list := range []struct{ title, file, line string }{
		{"What CUE and the schema refuse", "fault.go", `(?m)^\tcode\w+ += "([a-z-]+)" +// (.*)$`},
		{"What CUE cannot say", "check/check.go", `(?m)^//\t([a-z]+(?:-[a-z]+)*)  +(.*)$`},
	} {
		source, err := os.ReadFile(filepath.Join("..", "..", "compiler", filepath.FromSlash(list.file)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(b, "\n## %s\n\n| code | |\n|---|---|\n", list.title)
		for _, m := range regexp.MustCompile(list.line).FindAllSubmatch(source, -1) {
			fmt.Fprintf(b, "| `%s` | %s |\n", m[1], cell(string(m[2])))
		}
	}
}
