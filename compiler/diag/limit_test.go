package diag_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
)

func many(n int, s diag.Severity) diag.List {
	var l diag.List
	for i := range n {
		l = append(l, diag.Finding{Code: s.String(), Severity: s, Position: at("a.cue", i+1, 1), Message: "m"})
	}
	return l
}

// TestSARIFIsWhatCodeScanningTakes holds that of too many findings those that matter least are left out, and that it
// says so.
func TestSARIFIsWhatCodeScanningTakes(t *testing.T) {
	type notification struct{ Message struct{ Text string } }
	for _, test := range []struct {
		infos, errors int
		levels        map[string]int
		notes         []string
	}{
		{24_999, 1, map[string]int{"note": 24_999, "error": 1}, nil},
		{25_000, 2, map[string]int{"note": 24_998, "error": 2}, []string{
			"25000 of 25002 findings are reported here, those that matter most: gwc vet shows all",
		}},
	} {
		var log struct {
			Runs []struct {
				Invocations []struct {
					ExecutionSuccessful        bool
					ToolExecutionNotifications []notification
				}
				Results []struct{ Level string }
			}
		}
		text := write(t, "sarif", append(many(test.infos, diag.Info), many(test.errors, diag.Error)...))
		if err := json.Unmarshal([]byte(text), &log); err != nil {
			t.Fatal(err)
		}
		levels := map[string]int{}
		for _, r := range log.Runs[0].Results {
			levels[r.Level]++
		}
		var notes []string
		for _, i := range log.Runs[0].Invocations {
			for _, n := range i.ToolExecutionNotifications {
				notes = append(notes, n.Message.Text)
			}
		}
		if diff := cmp.Diff(test.levels, levels); diff != "" {
			t.Errorf("levels (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(test.notes, notes); diff != "" {
			t.Errorf("notifications (-want +got):\n%s", diff)
		}
	}
}

// TestGitHubSaysWhatItDoesNotShow holds that annotations beyond what GitHub shows are announced by one that it does.
func TestGitHubSaysWhatItDoesNotShow(t *testing.T) {
	const notice = "::notice title=gwc::1 errors, 11 warnings and 0 other findings: " +
		"GitHub shows 10 of each, the log has all\n"
	for warnings, want := range map[int]string{10: "", 11: notice} {
		t.Run(fmt.Sprint(warnings), func(t *testing.T) {
			out := write(t, "github", append(many(1, diag.Error), many(warnings, diag.Warning)...))
			got, _, _ := strings.Cut(out, "::error ")
			if got != want || strings.Count(out, "::warning ") != warnings {
				t.Errorf("%d warnings are printed as\n%s", warnings, out)
			}
		})
	}
}
