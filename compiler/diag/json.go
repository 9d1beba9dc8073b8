package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// writeJSON prints one object. Its fields are stable: "findings", each as [Finding] is in JSON, in the order in
// which the text format prints them, and "summary", the number of findings of each severity.
func writeJSON(w io.Writer, l List, _ Options) error {
	type summary struct {
		Error   int `json:"error"`
		Warning int `json:"warning"`
		Info    int `json:"info"`
	}
	out := struct {
		Findings List    `json:"findings"`
		Summary  summary `json:"summary"`
	}{Findings: l}
	if out.Findings == nil {
		out.Findings = List{}
	}
	for _, f := range l {
		switch f.Severity {
		case Error:
			out.Summary.Error++
		case Warning:
			out.Summary.Warning++
		default:
			out.Summary.Info++
		}
	}
	return EncodeJSON(w, out)
}

// EncodeJSON prints v, indented. Of what JSON leaves as it is, it escapes what a terminal would obey or hide, and what
// a CI server obeys in a log; a line of JSON does not begin with "::".
func EncodeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() {
		switch {
		case r == '\n' || !hidden(r):
			out.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	// Outside of strings JSON has no "#".
	_, err := io.WriteString(w, strings.ReplaceAll(out.String(), "##", `#\u0023`))
	return err
}
