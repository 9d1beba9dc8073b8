package diff

import (
	"encoding/json"
	"io"
)

// writeJSON prints one object. Its fields are stable: "changes", each as [Change] is in JSON, by path, and
// "summary", the number of changes of each class.
func writeJSON(w io.Writer, r *Report) error {
	n := r.Count()
	type summary struct {
		Breaking int `json:"breaking"`
		Risky    int `json:"risky"`
		Safe     int `json:"safe"`
	}
	out := struct {
		Changes []Change `json:"changes"`
		Summary summary  `json:"summary"`
	}{r.Changes, summary{n[Breaking], n[Risky], n[Safe]}}
	if out.Changes == nil {
		out.Changes = []Change{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
