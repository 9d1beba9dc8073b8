package prometheus

import (
	"math"
	"strconv"
	"strings"
	"time"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// A query builds PromQL about one gateway.
type query struct{ gateway string }

func newQuery(in manifest.Input) query {
	k := in.Gateway.Targets.Kube
	return query{equal("namespace", k.Namespace) + "," + equal("job", k.Name)}
}

// of returns a selector of metric's series of this gateway that have matchers too.
func (q query) of(metric string, matchers ...string) string {
	return metric + "{" + strings.Join(append([]string{q.gateway}, matchers...), ",") + "}"
}

// equal returns a label matcher. PromQL's strings escape as Go's do.
func equal(label, value string) string { return label + "=" + strconv.Quote(value) }

// atMost returns a matcher of the histogram bucket with an upper bound. Prometheus 3 stores whole bounds as
// "1.0" and Prometheus 2 as "1".
func atMost(bound float64) string {
	text := number(bound)
	if bound == math.Trunc(bound) {
		return `le=~"` + text + `(\\.0)?"`
	}
	return equal("le", text)
}

// number returns f without the noise that binary fractions leave: 1-0.999 is 0.001.
func number(f float64) string {
	return strconv.FormatFloat(math.Round(f*1e12)/1e12, 'f', -1, 64)
}

// window returns d as a range of PromQL, in the largest unit that fits.
func window(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	default:
		return strconv.FormatInt(max(1, d.Milliseconds()), 10) + "ms"
	}
}

// literal writes s so that a template of an alert yields it as it is.
func literal(s string) string { return strings.ReplaceAll(s, "{{", `{{"{{"}}`) }

// bucketFor returns the bound of the smallest histogram bucket that is not below d, in seconds: requests up to
// there count as fast. There is none above the largest bucket.
func bucketFor(d schema.Duration) (float64, bool) {
	for _, bound := range schema.MetricBuckets() {
		if d.Std().Seconds() <= bound {
			return bound, true
		}
	}
	return 0, false
}
