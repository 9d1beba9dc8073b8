package behaviour_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

func TestApprovals(t *testing.T) {
	compare := func() *behaviour.Report {
		r, err := behaviour.Compare(changed(t), changed(t, `"requests": 60`, `"requests": 30`))
		if err != nil || len(r.Classes) != 1 {
			t.Fatal(err, r)
		}
		return r
	}
	id := compare().Classes[0].ID()
	today := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		file    string
		reaches bool
		notes   []string
	}{
		"approved":        {"approvals: [{change: " + id + ", reason: told, expires: 2026-11-24}]", false, nil},
		"nothing":         {"", true, nil},
		"expired":         {"approvals: [{change: " + id + ", reason: told, expires: 2026-11-23}]", true, []string{"a.yaml:1: the approval of " + id + " (rate limit lowered) ended on 2026-11-23"}},
		"another change":  {"approvals:\n- {change: 00000000, reason: told, expires: 2027-01-01}", true, []string{"a.yaml:2: no behavioural change has the id 00000000: remove the approval once it is not needed"}},
		"quoted as a day": {"approvals: [{change: '" + id + "', reason: told, expires: '2026-12-01'}]", false, nil},
	} {
		r := compare()
		approvals, err := behaviour.ReadApprovals("a.yaml", strings.NewReader(test.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.notes, behaviour.Approve(approvals, today, r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if r.Reaches(diff.Breaking) != test.reaches {
			t.Errorf("%s: reaches %v", name, !test.reaches)
		}
	}
}

func TestApprovalsThatAreNone(t *testing.T) {
	for file, want := range map[string]string{
		"approvals: [{change: xyz, reason: a, expires: 2026-01-01}]":                                                             `a.yaml:1: change: "xyz" is no change's id, which gwc diff shows in brackets`,
		"approvals: [{change: 0a0a0a0a, reason: ' ', expires: 2026-01-01}]":                                                      "a.yaml:1: reason: say why the change is accepted",
		"approvals:\n- {change: 0a0a0a0a, reason: a, expires: soon}":                                                             `a.yaml:2: expires: "soon" is no day, as 2026-12-31 is one`,
		"approvals: [{change: 0a0a0a0a, reason: a, until: 2026-01-01}]":                                                          `a.yaml:1: an approval has no field "until": it has change, reason and expires`,
		"approvals: [{change: 0a0a0a0a, reason: a, expires: 2026-02-30}]":                                                        `a.yaml:1: expires: "2026-02-30" is no day, as 2026-12-31 is one`,
		"approvals: [{change: 0A0A0A0A, reason: a, expires: 2026-01-01}]":                                                        `a.yaml:1: change: "0A0A0A0A" is no change's id, which gwc diff shows in brackets`,
		"approvals: [{change: [a], reason: a, expires: 2026-01-01}]":                                                             "a.yaml:1: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string",
		"approvals:\n- &a {change: 0a0a0a0a, reason: a, expires: 2026-01-01}\n- *a":                                              "a.yaml:3: an approval has change, reason and expires",
		"approvals:\n- {change: 0a0a0a0a, change: 0a0a0a0b, reason: a, expires: 2026-01-01}":                                     "a.yaml:2: unmarshal errors:\n  line 2: mapping key \"change\" already defined at line 2",
		"approvals:\n- &a {change: 0a0a0a0a, reason: a, expires: 2026-01-01}\n- {<<: *a, reason: b}":                             `a.yaml:3: an approval has no field "<<": it has change, reason and expires`,
		"approvals:\n- {change: 0a0a0a0a, reason: a, expires: 2026-01-01}\n- {change: 0a0a0a0a, reason: b, expires: 2027-01-01}": "a.yaml:3: change 0a0a0a0a is approved in line 2 already",
		"approvals: []\n---\napprovals: []":                                                                                      "a.yaml: a file of approvals is one document",
		"approvals:":                                                                                                             "a.yaml:1: a file of approvals has one field, approvals, which is a list",
		"approvals: [yes]":                                                                                                       "a.yaml:1: an approval has change, reason and expires",
		"approved: []":                                                                                                           "a.yaml:1: a file of approvals has one field, approvals, which is a list",
		"- x":                                                                                                                    "a.yaml:1: a file of approvals has one field, approvals, which is a list",
		"approvals: [":                                                                                                           "a.yaml: line 1: did not find expected node content",
	} {
		_, err := behaviour.ReadApprovals("a.yaml", strings.NewReader(file))
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n%v\nwant\n%s", file, err, want)
		}
	}
}

// Who has approved that one method is gone has not approved that all are.
func TestApprovalsAreOfWhatWasSeen(t *testing.T) {
	id := func(pairs ...string) string {
		r, err := behaviour.Compare(changed(t), changed(t, pairs...))
		if err != nil || len(r.Classes) != 1 || r.Classes[0].Reason != "no longer answered" {
			t.Fatal(err, r)
		}
		return r.Classes[0].ID()
	}
	const methods = `"methods": ["GET", "POST"]`
	one, all := id(methods, `"methods": ["GET"]`), id(methods, `"methods": ["PURGE"], "headers": {"X-V": {"exact": "1"}, "x-v": {"exact": "2"}}`)
	if one == all {
		t.Errorf("both have the id %s", one)
	}
	if again := id(methods, `"methods": ["GET"]`); again != one {
		t.Errorf("the id was %s, and is %s", one, again)
	}
}

// Who has approved a change of one route has not approved it for the one that joins later.
func TestApprovalsAreOfAllRoutesThatAreNamed(t *testing.T) {
	prefix := func(n int) schema.PathMatch { return schema.PathMatch{Prefix: fmt.Sprint("/p", n)} }
	was := many(30, prefix, func(int) int { return 3 })
	id := func(changed ...int) string {
		is := many(30, prefix, func(n int) int {
			if slices.Contains(changed, n) {
				return 2
			}
			return 3
		})
		r, err := behaviour.Compare(was, is)
		if err != nil || len(r.Classes) != 1 || len(r.Classes[0].Alike) != len(changed)-1 {
			t.Fatal(err, r)
		}
		return r.Classes[0].ID()
	}
	if one, two := id(4), id(4, 5); one == two {
		t.Errorf("both have the id %s", one)
	}
	if some, again := id(4, 5, 21), id(21, 5, 4); some != again {
		t.Errorf("the id is %s and %s", some, again)
	}
}
