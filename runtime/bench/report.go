package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// columns are the proxies in the order of the report's columns.
var columns = []string{"nginx", "haproxy", "caddy", "gwproxy"}

// report writes the tables in Markdown, and the samples to the file that was asked for.
func (b *bench) report(ctx context.Context, w io.Writer, r *results) error {
	about := b.about(ctx)
	fmt.Fprintf(w, "%s\n\n", about)
	var rows []string
	for _, c := range b.cases() {
		if samples, ran := r.Samples[c.name]; ran {
			rows = append(rows, c.row(samples))
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w, "| median µs of CPU a request | "+strings.Join(columns, " | ")+" | gwproxy to its peers | target |")
		fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
		fmt.Fprintln(w, strings.Join(rows, "\n"))
	}
	if len(r.Figures) > 0 {
		fmt.Fprint(w, "\n| gwproxy alone | | target |\n|---|---|---|\n")
	}
	for _, f := range r.Figures {
		fmt.Fprintf(w, "| %s | %s | %s: %s |\n", f.What, f.Value, f.Bound, verdict(f.Met))
	}
	if b.out == "" {
		return nil
	}
	data, err := json.MarshalIndent(struct {
		About string
		*results
	}{about, r}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(b.out, append(data, '\n'), 0o644)
}

// row is the case's line of the table.
func (c *benchCase) row(samples map[string][]sample) string {
	cells := []string{"**" + c.name + "**: " + c.title}
	for _, proxy := range columns {
		cell := ""
		if of := samples[proxy]; len(of) > 0 {
			cell = fmt.Sprintf("%.1f", medianOf(of, sample.cpuPerRequest))
		}
		cells = append(cells, cell)
	}
	var ratios, targets []string
	for _, t := range c.targets {
		ratio, bound := t.compare(samples["gwproxy"], samples[t.peer])
		ratios, targets = append(ratios, ratio), append(targets, bound)
	}
	cells = append(cells, strings.Join(ratios, "<br>"), strings.Join(targets, "<br>"))
	return "| " + strings.Join(cells, " | ") + " |"
}

// compare returns the ratio to the peer and what has become of the target, in words.
func (t target) compare(of, peer []sample) (ratios, outcome string) {
	if !t.throughput {
		r := compare(of, peer, sample.cpuPerRequest)
		return fmt.Sprintf("%s %s", t.peer, r), fmt.Sprintf("≤ %g: %s", t.bound, verdict(r.Median <= t.bound))
	}
	perCPU := compare(of, peer, sample.requestsPerCPU)
	seen := compare(of, peer, sample.requestsPerSecond)
	return fmt.Sprintf("%s, bytes a CPU second %s; requests a second %s", t.peer, perCPU, seen),
		fmt.Sprintf("≥ %g: %s", t.bound, verdict(perCPU.Median >= t.bound))
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}

// about says with what and on what was measured.
func (b *bench) about(ctx context.Context) string {
	firstLine := func(command string, args ...string) string {
		out, err := exec.CommandContext(ctx, command, args...).CombinedOutput()
		if err != nil {
			return command + " of an unknown version"
		}
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return line
	}
	caddy, _, _ := strings.Cut(firstLine(b.path("caddy"), "version"), " ")
	return strings.Join([]string{
		fmt.Sprintf("%d rounds of %d s", b.rounds, b.seconds), firstLine("nginx", "-v"), firstLine("haproxy", "-v"),
		"Caddy " + caddy, runtime.Version(), cpuModel(), fmt.Sprintf("%d cores", runtime.NumCPU()), firstLine("uname", "-sr"),
	}, "; ") + "."
}

func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
