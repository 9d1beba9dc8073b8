package diag

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// maxResults is how many results GitHub's code scanning takes of a run; it refuses a file with more.
const maxResults = 25_000

const (
	homepage  = "https://gwc.dev"
	sarifHelp = `Each result says what is wrong and, after "help:", what to do. gwc vet shows it in the source.`
)

// writeSARIF prints the Static Analysis Results Interchange Format, version 2.1.0, as GitHub's code scanning takes it:
// it refuses a file in which a result has no physical location or a rule no help. Of more findings than it takes, those
// that matter most are printed, and a notification says how many are not.
func writeSARIF(w io.Writer, l List, o Options) error {
	run := sarifRun{Results: []sarifResult{}}
	shown := l.worst(maxResults)
	if len(shown) < len(l) {
		left := sarifNotification{"warning", sarifText{fmt.Sprintf(
			"%d of %d findings are reported here, those that matter most: gwc vet shows all", len(shown), len(l),
		)}}
		run.Invocations = []sarifInvocation{{Successful: true, Notifications: []sarifNotification{left}}}
	}
	rules, index := sarifRules(shown)
	run.Tool.Driver = sarifDriver{Name: "gwc", InformationURI: homepage, Version: o.Version, Rules: rules}
	seen := fingerprints{}
	for _, f := range shown {
		r := sarifResultOf(f)
		r.RuleIndex = index[f.Code]
		// Code scanning reads this one key alone; others tell by its name how it was made.
		sum := seen.of(f)
		r.Fingerprints = map[string]string{"primaryLocationLineHash": sum, "gwc/v1": sum}
		run.Results = append(run.Results, r)
	}
	return EncodeJSON(w, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// worst returns at most n findings in their order, those that matter most.
func (l List) worst(n int) List {
	if len(l) <= n {
		return l
	}
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return out[:n].Sorted()
}

// sarifRules returns a rule for each code, by code, and where it is in the list.
func sarifRules(l List) ([]sarifRule, map[string]int) {
	codes := map[string]int{}
	for _, f := range l {
		codes[f.Code] = 0
	}
	rules := make([]sarifRule, 0, len(codes))
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		codes[code] = len(rules)
		title := strings.ReplaceAll(code, "-", " ")
		rules = append(rules, sarifRule{
			ID:      code,
			Short:   sarifText{title},
			Full:    sarifText{"A finding of gwc vet: " + title + "."},
			Help:    sarifText{sarifHelp},
			HelpURI: homepage,
		})
	}
	return rules, codes
}

func sarifResultOf(f Finding) sarifResult {
	text := []string{oneLine(f.Message)}
	if f.Hint != "" {
		text = append(text, "help: "+strings.Join(block(f.Hint), "\n"))
	}
	r := sarifResult{
		RuleID:    f.Code,
		Level:     map[Severity]string{Error: "error", Warning: "warning", Info: "note"}[f.Severity],
		Locations: []sarifLocation{sarifLocationOf(anchored(f.Position), string(f.Path))},
	}
	for i, related := range f.Related {
		if related.Position.File == "" {
			text = append(text, place(related.Position, string(related.Path))+": "+oneLine(related.Message))
			continue
		}
		at := sarifLocationOf(related.Position, string(related.Path))
		at.ID, at.Message = &i, &sarifText{oneLine(related.Message)}
		r.Related = append(r.Related, at)
	}
	if q := f.Request; q != nil {
		r.Request = &sarifRequest{Target: q.URL, Method: q.Method}
		for _, h := range q.Headers { // a second line of one field is rare, and stands in the finding's text
			if r.Request.Headers == nil {
				r.Request.Headers = map[string]string{}
			}
			r.Request.Headers[h.Name] = h.Value
		}
	}
	// Findings quote what users write, which is no link (SARIF 2.1.0, section 3.11.6).
	r.Message.Text = strings.ReplaceAll(strings.Join(text, "\n"), "](", `\](`)
	return r
}

func sarifLocationOf(p Position, name string) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: artifact(p.File)}}
	if p.Line > 0 {
		l.Physical.Region = &sarifRegion{Line: p.Line, Column: max(p.Column, 0)}
	}
	if name != "" {
		l.Logical = []sarifLogical{{Name: name, Kind: "member"}}
	}
	return l
}

// artifact returns a file's address: relative to the root of the sources, unless the file lies outside.
func artifact(file string) sarifArtifact {
	if path.IsAbs(file) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: file}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: file}).String(), URIBase: sourceRoot}
}
