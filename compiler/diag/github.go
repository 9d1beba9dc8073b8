package diag

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxAnnotations is how many annotations of a kind GitHub shows of a step of a workflow.
const maxAnnotations = 10

// What a value of a workflow command may not hold is percent-encoded; a property ends at a comma and its name at a
// colon.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub prints a workflow command for each finding, which GitHub Actions shows at the line of the pull request.
// Where GitHub does not show them all, a first one says so.
func writeGitHub(w io.Writer, l List, _ Options) error {
	b := bufio.NewWriter(w)
	count := map[Severity]int{}
	for _, f := range l {
		count[f.Severity]++
	}
	if max(count[Error], count[Warning], count[Info]) > maxAnnotations {
		fmt.Fprintf(b, "::notice title=gwc::%d errors, %d warnings and %d other findings: GitHub shows %d of each, ",
			count[Error], count[Warning], count[Info], maxAnnotations)
		fmt.Fprintln(b, "the log has all")
	}
	for _, f := range l {
		annotate(b, f)
	}
	return b.Flush()
}

func annotate(w io.Writer, f Finding) {
	command := map[Severity]string{Error: "error", Warning: "warning", Info: "notice"}[f.Severity]
	properties := ""
	if p := f.Position; p.File != "" {
		properties = "file=" + commandProperty.Replace(Plain(p.File)) + ","
		if p.Line > 0 {
			properties += fmt.Sprintf("line=%d,", p.Line)
			if p.Column > 0 {
				properties += fmt.Sprintf("col=%d,", p.Column)
			}
		}
	}
	properties += "title=" + commandProperty.Replace("gwc "+Plain(f.Code))
	text := []string{oneLine(f.Message)}
	if f.Hint != "" {
		text = append(text, "help: "+strings.Join(block(f.Hint), "\n"))
	}
	for _, r := range f.Related {
		text = append(text, place(r.Position, string(r.Path))+": "+oneLine(r.Message))
	}
	fmt.Fprintf(w, "::%s %s::%s\n", command, properties, commandData.Replace(strings.Join(text, "\n")))
}
