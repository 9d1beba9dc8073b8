package behaviour

import (
	"encoding/json"
	"io"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/space"
)

// A request is one in JSON.
type request struct {
	Method  string        `json:"method"`
	Host    string        `json:"host"`
	Path    string        `json:"path"`
	Query   string        `json:"query,omitempty"`
	Headers []space.Field `json:"headers,omitempty"`
	Without []string      `json:"without,omitempty"`
	Curl    string        `json:"curl"`
}

// MarshalJSON adds the request, in parts and as a command.
func (c *Class) MarshalJSON() ([]byte, error) {
	type plain Class
	out := struct {
		ID string `json:"id"`
		*plain
		Request *request `json:"request,omitempty"`
	}{ID: c.ID(), plain: (*plain)(c)}
	if r := c.Request; r != nil {
		out.Request = &request{r.Method, r.Host, r.Path, r.RawQuery(), r.Header, r.Without, r.Curl(c.Scheme)}
	}
	return json.Marshal(out)
}

// A summary is how many there are of each severity.
type summary struct {
	Breaking int `json:"breaking"`
	Risky    int `json:"risky"`
	Safe     int `json:"safe"`
}

func summaryOf(n [diff.Breaking + 1]int) summary {
	return summary{n[diff.Breaking], n[diff.Risky], n[diff.Safe]}
}

// writeJSON prints one object, in which each environment is an element of a list.
func writeJSON(w io.Writer, all []Comparison) error {
	type behaviour struct {
		Classes []*Class `json:"classes"`
		Summary summary  `json:"summary"`
	}
	type environment struct {
		Environment string        `json:"environment"`
		Behaviour   behaviour     `json:"behaviour"`
		Changes     []diff.Change `json:"changes"`
		Summary     summary       `json:"summary"`
	}
	out := struct {
		Environments []environment `json:"environments"`
	}{[]environment{}}
	for _, c := range all {
		out.Environments = append(out.Environments, environment{
			c.Environment,
			behaviour{listed(c.Behaviour.Classes), summaryOf(c.Behaviour.count())},
			listed(c.Places.Changes), summaryOf(c.Places.Count()),
		})
	}
	return diag.EncodeJSON(w, out)
}

// listed is a list that is never null in JSON.
func listed[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
