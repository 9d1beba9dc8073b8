package diag

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// writeGitHub prints a workflow command for each finding, which GitHub Actions shows at the line of the pull
// request.
func writeGitHub(w io.Writer, l List, _ Options) error {
	b := bufio.NewWriter(w)
	// What a value may not hold is percent-encoded; a property ends at a comma and its name at a colon.
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range l {
		command := map[Severity]string{Error: "error", Warning: "warning", Info: "notice"}[f.Severity]
		fmt.Fprintf(b, "::%s ", command)
		if p := f.Position; p.File != "" {
			fmt.Fprintf(b, "file=%s,", property.Replace(Plain(p.File)))
			if p.Line > 0 {
				fmt.Fprintf(b, "line=%d,col=%d,", p.Line, p.Column)
			}
		}
		text := []string{oneLine(f.Message)}
		if f.Hint != "" {
			text = append(text, "help: "+strings.Join(block(f.Hint), "\n"))
		}
		for _, r := range f.Related {
			text = append(text, place(r.Position, string(r.Path))+": "+oneLine(r.Message))
		}
		fmt.Fprintf(b, "title=%s::%s\n", property.Replace("gwc "+Plain(f.Code)), data.Replace(strings.Join(text, "\n")))
	}
	return b.Flush()
}
