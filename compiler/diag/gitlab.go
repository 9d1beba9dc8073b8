package diag

import "io"

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

// writeGitLab prints a Code Quality report, of which GitLab shows in a merge request what is new.
func writeGitLab(w io.Writer, l List, _ Options) error {
	issues := []gitlabIssue{}
	seen := fingerprints{}
	for _, f := range l {
		at := anchored(f.Position)
		issue := gitlabIssue{
			Check: Plain(f.Code), Description: oneLine(f.Message), Fingerprint: seen.of(f),
			Severity: map[Severity]string{Error: "major", Warning: "minor", Info: "info"}[f.Severity],
			Location: gitlabLocation{Path: Plain(at.File), Lines: gitlabLines{Begin: at.Line}},
		}
		if f.Hint != "" {
			issue.Description += " (help: " + oneLine(f.Hint) + ")"
		}
		issues = append(issues, issue)
	}
	return EncodeJSON(w, issues)
}
