package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// compile builds the bundle NAME.bundle of the embedded definition with n more routes, and returns its file.
func (s *site) compile(ctx context.Context, name, definition string, n int) (string, error) {
	text, err := s.render(definition)
	if err != nil {
		return "", err
	}
	const module = "module: \"bench.example.com\"\nlanguage: version: \"v0.17.0\"\n"
	if err := s.write(name+"/cue.mod/module.cue", module); err != nil {
		return "", err
	}
	if err := s.write(name+"/environments/bench/gateway.cue", text+routes(n)); err != nil {
		return "", err
	}
	out := s.path(name + ".bundle")
	for _, args := range [][]string{
		{"init", "--update", "."}, // puts the schema beside the environment
		{"build", "environments/bench", "-o", out, "--unsigned", "--serial", "1"},
	} {
		cmd := exec.CommandContext(ctx, s.path("gwc"), args...)
		cmd.Dir = s.path(name)
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("gwc %s: %w\n%s", strings.Join(args, " "), err, refusals(string(text)))
		}
	}
	return out, nil
}

// routes returns the definitions of n routes, ten of a host each.
func routes(n int) string {
	var b strings.Builder
	for i := range n / 10 {
		fmt.Fprintf(&b, "apis: a%d: {owner: \"bench\", timeout: \"1m\", hosts: [%q], routes: {\n", i, tableHost(i))
		for j := range 10 {
			fmt.Fprintf(&b, "\tr%d: {match: {path: prefix: \"/p%[1]d\", methods: [\"GET\"]}, backends: files: {}}\n", j)
		}
		b.WriteString("}}\n")
	}
	return b.String()
}

// tableHost is the i-th host of the routes, from 0.
func tableHost(i int) string { return fmt.Sprintf("h%d.example.com", i) }

// refusals returns the lines that say why gwc refuses, and not what it would rather see.
func refusals(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		if strings.Contains(line, ": error: ") || strings.HasPrefix(line, "gwc: ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
