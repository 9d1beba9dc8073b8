package policy

import (
	"fmt"
	"slices"
	"time"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// farAhead is how many days ahead a waiver is worth a remark.
const farAhead = 366

// Waive returns l without the findings that waivers silence: those of the waiver's code at its path or below.
// Only findings of the engine's rules can be waived. A waiver holds to the end of the day that it expires on, in
// UTC; after that it silences nothing.
//
// The waivers are held to account themselves, at waivers.<name>: waiver-expired, waiver-date for a day that is
// none, waiver-unknown-code, waiver-unused for one that silences nothing, and waiver-far for one that holds for
// more than a year from now. l must be the whole of what [Engine.Evaluate] found, or waivers look unused.
func (e *Engine) Waive(l diag.List, waivers map[string]schema.Waiver, now time.Time) diag.List {
	waived := make([]bool, len(l))
	var account diag.List
	for name, w := range schema.Sorted(waivers) {
		report := func(code string, severity diag.Severity, hint, format string, args ...any) {
			account = append(account, diag.Finding{
				Code: code, Severity: severity, Path: schema.NewPath("waivers", name),
				Message: fmt.Sprintf("waiver %q ", name) + fmt.Sprintf(format, args...), Hint: hint,
			})
		}
		if !e.knows(w.Code) {
			hint := "name a policy's code, as findings show it in brackets"
			if near := e.nearest(w.Code); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			report("waiver-unknown-code", diag.Error, hint, "names code %q, which no policy has", w.Code)
			continue
		}
		day, err := time.Parse(time.DateOnly, w.Expires)
		if err != nil {
			report("waiver-date", diag.Error, "write a day as 2006-01-02", "expires on %q, which is no day", w.Expires)
			continue
		}
		end := day.AddDate(0, 0, 1)
		if !now.Before(end) {
			report("waiver-expired", diag.Error, "mend what it silenced and remove it, or agree on a new date",
				"of %s at %s expired on %s", w.Code, w.Path, w.Expires)
			continue
		}
		silences := false
		for i, f := range l {
			if f.Code == w.Code && covers(schema.Path(w.Path), f.Path) {
				waived[i], silences = true, true
			}
		}
		switch {
		case !silences:
			report("waiver-unused", diag.Warning, "remove it, or mend its path",
				"silences nothing: there is no finding %s at %s", w.Code, w.Path)
		case now.AddDate(0, 0, farAhead).Before(end):
			report("waiver-far", diag.Info, "choose a nearer day, so that somebody looks again",
				"holds until %s, more than a year ahead", w.Expires)
		}
	}
	var out diag.List
	for i, f := range l {
		if !waived[i] {
			out = append(out, f)
		}
	}
	return append(out, account...).Sorted()
}

// covers reports whether path is above or somewhere below it. The zero above covers nothing but itself: nobody
// waives a rule for the whole model by leaving the path out.
func covers(above, path schema.Path) bool {
	names, prefix := path.Names(), above.Names()
	if len(prefix) == 0 {
		return len(names) == 0
	}
	return len(names) >= len(prefix) && slices.Equal(names[:len(prefix)], prefix)
}

func (e *Engine) knows(code string) bool {
	return slices.ContainsFunc(e.rules, func(r Rule) bool { return r.Code == code })
}

// nearest returns the code that code most likely stands for; empty where none is near.
func (e *Engine) nearest(code string) string {
	best, least := "", 3+len(code)/4
	if len(code) > 100 {
		return ""
	}
	for _, r := range e.rules {
		if d := distance(code, r.Code); d < least {
			best, least = r.Code, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
