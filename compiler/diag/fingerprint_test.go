package diag_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

func write(t *testing.T, format string, l diag.List) string {
	t.Helper()
	var b strings.Builder
	if err := diag.Write(&b, format, l, diag.Options{Version: "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fingerprints returns those of a report, in the order of its findings.
func fingerprints(t *testing.T, format string, l diag.List) []string {
	t.Helper()
	var out []string
	text := []byte(write(t, format, l))
	if format == "gitlab" {
		var issues []struct{ Fingerprint string }
		if err := json.Unmarshal(text, &issues); err != nil {
			t.Fatal(err)
		}
		for _, issue := range issues {
			out = append(out, issue.Fingerprint)
		}
		return out
	}
	var log struct {
		Runs []struct {
			Results []struct{ PartialFingerprints map[string]string }
		}
	}
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Runs[0].Results {
		if r.PartialFingerprints["primaryLocationLineHash"] != r.PartialFingerprints["gwc/v1"] {
			t.Errorf("the fingerprints differ: %v", r.PartialFingerprints)
		}
		out = append(out, r.PartialFingerprints["primaryLocationLineHash"])
	}
	return out
}

// someFindings returns findings of which some differ in one thing only, and some in their line only.
func someFindings(r *rand.Rand) diag.List {
	var l diag.List
	for range r.IntN(30) {
		pick := func(from ...string) string { return from[r.IntN(len(from))] }
		l = append(l, diag.Finding{
			Code: pick("a", "b"), Severity: diag.Severity(r.IntN(3)), Path: schema.Path(pick("", "apis.a", "apis.a b")),
			Position: at(pick("", "a.cue", "b.cue"), r.IntN(8), r.IntN(3)), Message: pick("m", `m" "a.cue`, "n"),
		})
	}
	return l.Sorted()
}

// kind is what a fingerprint is made of.
func kind(f diag.Finding) string {
	return fmt.Sprintf("%q %q %q %q", f.Code, f.Path, f.Message, f.Position.File)
}

// TestFingerprintsSurviveChangesElsewhere holds that each finding of a report has its own, and keeps it when lines are
// put in above it and when findings of other kinds come and go.
func TestFingerprintsSurviveChangesElsewhere(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		before := someFindings(r)
		for _, format := range []string{"sarif", "gitlab"} {
			want := fingerprints(t, format, before)
			if len(want) != len(before) || len(slices.Compact(slices.Sorted(slices.Values(want)))) != len(want) {
				t.Fatalf("seed %d: %d findings have fingerprints %q", seed, len(before), want)
			}
			moved := slices.Clone(before)
			from, by := r.IntN(8), 1+r.IntN(50)
			for i := range moved {
				if p := &moved[i].Position; p.File == "a.cue" && p.Line > from {
					p.Line += by
				}
			}
			if diff := cmp.Diff(want, fingerprints(t, format, moved)); diff != "" {
				t.Errorf("seed %d: %s of moved lines (-want +got):\n%s", seed, format, diff)
			}
			if len(before) == 0 {
				continue
			}
			mended := kind(before[r.IntN(len(before))])
			var left diag.List
			var kept []string
			for i, f := range before {
				if kind(f) != mended {
					left, kept = append(left, f), append(kept, want[i])
				}
			}
			if diff := cmp.Diff(kept, fingerprints(t, format, left)); diff != "" {
				t.Errorf("seed %d: %s without %s (-want +got):\n%s", seed, format, mended, diff)
			}
		}
	}
}
