package diag

import (
	"fmt"
	"io"
	"strings"
)

type gitlabIssue struct {
	Check       string         `json:"check_name"`
	Description string         `json:"description"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// writeGitLab prints a Code Quality report, of which GitLab shows in a merge request what is new. It knows no finding
// without a file: such a one stands in the first line of ".".
func writeGitLab(w io.Writer, l List, _ Options) error {
	issues := []gitlabIssue{}
	seen := map[string]int{}
	for _, f := range l {
		sum := fingerprint(f)
		seen[sum]++
		issue := gitlabIssue{
			Check: Plain(f.Code), Description: oneLine(f.Message), Fingerprint: fmt.Sprintf("%s:%d", sum, seen[sum]),
			Severity: map[Severity]string{Error: "major", Warning: "minor", Info: "info"}[f.Severity],
			Location: gitlabLocation{Path: ".", Lines: gitlabLines{Begin: 1}},
		}
		if f.Hint != "" {
			issue.Description += " (help: " + strings.Join(block(f.Hint), " ") + ")"
		}
		if p := f.Position; p.File != "" {
			issue.Location = gitlabLocation{Path: Plain(p.File), Lines: gitlabLines{Begin: max(p.Line, 1)}}
		}
		issues = append(issues, issue)
	}
	return encodeIndented(w, issues)
}
