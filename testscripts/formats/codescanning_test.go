package formats_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A sarifLog is what GitHub's code scanning reads of SARIF.
type sarifLog struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []sarifRule
			}
		}
		Results []sarifResult
	}
}

type sarifRule struct {
	ID, HelpURI                             string
	ShortDescription, FullDescription, Help struct{ Text string }
}

type sarifResult struct {
	RuleID, Level               string
	RuleIndex                   int
	Message                     struct{ Text string }
	Locations, RelatedLocations []sarifLocation
	PartialFingerprints         map[string]string
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct{ URI, URIBaseID string }
		Region           *struct{ StartLine int }
	}
}

// problems collects what is wrong.
type problems []string

func (p *problems) unless(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Sprintf(format, args...))
	}
}

// refusedByCodeScanning returns what is against the rules that GitHub has beyond the schema: one violation, and a
// file is refused as a whole or a result is not shown.
func (l *sarifLog) refusedByCodeScanning() []string {
	var out problems
	out.unless(l.Version == "2.1.0" && len(l.Runs) == 1, "version %q with %d runs", l.Version, len(l.Runs))
	for _, run := range l.Runs {
		rules := run.Tool.Driver.Rules
		out.unless(run.Tool.Driver.Name != "" && rules != nil, "the tool has no name or no rules")
		out.unless(run.Results != nil && len(run.Results) <= 25_000, "%d results", len(run.Results))
		for _, r := range rules {
			for _, text := range []string{r.ID, r.ShortDescription.Text, r.FullDescription.Text, r.Help.Text, r.HelpURI} {
				out.unless(text != "" && len(text) <= 1024, "rule %q has a text %q", r.ID, text)
			}
		}
		fingerprints := map[string]bool{}
		for _, r := range run.Results {
			r.check(&out, rules)
			key := r.PartialFingerprints["primaryLocationLineHash"]
			out.unless(key != "" && !fingerprints[key], "%q has the fingerprint %q", r.Message.Text, key)
			fingerprints[key] = true
		}
	}
	return out
}

func (r *sarifResult) check(out *problems, rules []sarifRule) {
	text := r.Message.Text
	out.unless(strings.TrimSpace(text) != "", "a result has no message")
	out.unless(!strings.Contains(strings.ReplaceAll(text, `\](`, ""), "]("), "%q has a link", text)
	out.unless(r.RuleIndex < len(rules) && rules[r.RuleIndex].ID == r.RuleID, "%q is of another rule", text)
	out.unless(slices.Contains([]string{"error", "warning", "note"}, r.Level), "%q has level %q", text, r.Level)
	out.unless(len(r.Locations) == 1, "%q has %d locations", text, len(r.Locations))
	for _, at := range r.Locations {
		out.unless(at.PhysicalLocation.Region != nil, "%q has no region", text)
	}
	for _, at := range slices.Concat(r.Locations, r.RelatedLocations) {
		file, region := at.PhysicalLocation.ArtifactLocation, at.PhysicalLocation.Region
		u, err := url.Parse(file.URI)
		out.unless(region == nil || region.StartLine >= 1, "%q is in line %+v", text, region)
		if err != nil {
			out.unless(false, "%q: %v", text, err)
			continue
		}
		relative := u.Scheme == "" && u.Path != "" && !strings.HasPrefix(u.Path, "/")
		based, outside := file.URIBaseID == "%SRCROOT%", u.Scheme == "file" && file.URIBaseID == ""
		out.unless(relative && based || outside, "%q is at %+v", text, file)
	}
}
