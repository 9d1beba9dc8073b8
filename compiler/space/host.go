package space

import (
	"slices"
	"strings"
)

// host finds a host name that no exact pattern of in gives. Requests for addresses and without a host are not needed:
// where a pattern takes these, it takes names too.
func (q *question) host() answer {
	q.meter.spend(len(q.in) + len(q.out))
	suffix := "" // the longest, which has all others as its own
	for _, c := range q.in {
		if len(c.text) > len(suffix) {
			suffix = c.text
		}
	}
	for _, c := range q.in {
		if c.text != suffix && !strings.HasSuffix(suffix, "."+c.text) {
			return none
		}
	}
	if suffix == "" {
		return found(q.anyHost())
	}
	for _, c := range q.out {
		if c.kind == wildcard && (c.text == suffix || strings.HasSuffix(suffix, "."+c.text)) {
			return none
		}
	}
	// One label more than the suffix has is taken from it by exact patterns alone.
	var labels []string
	for _, text := range texts(q.out) {
		if label, ok := strings.CutSuffix(text, "."+suffix); ok {
			labels = append(labels, label)
		}
	}
	return found(fresh(labels, "www") + "." + suffix)
}

// anyHost returns a host that out leaves. A name of one label is taken by exact patterns alone.
func (q *question) anyHost() string {
	nice := []string{"example.com", "www.example.com", "example.org", "example.test"}
	if i := slices.IndexFunc(nice, q.allows); i >= 0 {
		return nice[i]
	}
	return fresh(texts(q.out), "other")
}
