package prometheus

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// columns is how wide Grafana's grid is; panels are laid out in rows of it.
const columns = 24

// dashboard is a ConfigMap that Grafana's sidecar loads.
func dashboard(in manifest.Input) (*corev1.ConfigMap, error) {
	var data strings.Builder
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(newBoard(in)); err != nil {
		return nil, fmt.Errorf("encoding the dashboard: %w", err)
	}
	meta := in.Meta(in.Gateway.Targets.Kube.Name+"-dashboard", manifest.Monitor)
	meta.Labels["grafana_dashboard"] = "1"
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: meta,
		// The sidecar writes the file under this name, next to those of other gateways.
		Data: map[string]string{meta.Namespace + "-" + meta.Name + ".json": data.String()},
	}, nil
}

func newBoard(in manifest.Input) board {
	k, q := in.Gateway.Targets.Kube, newQuery(in)
	source := datasource{Type: "prometheus", UID: "${datasource}"}
	return board{
		UID:           "gwc-" + manifest.Hash(k.Namespace+"/"+k.Name+"/"+in.Gateway.Environment),
		Title:         "Gateway " + in.Gateway.Environment,
		Description:   "Rendered by gwc. Change the definition, not the dashboard.",
		Tags:          []string{"gwc"},
		Refresh:       "30s",
		SchemaVersion: 39,
		Time:          timeRange{From: "now-6h", To: "now"},
		Templating: templating{List: []variable{
			{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus"},
			{
				Name: "api", Label: "API", Type: "query", Datasource: &source, Refresh: 2, Sort: 1,
				Query: "label_values(" + q.of(schema.MetricRequests) + ", api)", Multi: true, IncludeAll: true, AllValue: ".*",
			},
		}},
		Panels: layout(source, charts(q)),
	}
}

// A chart is a panel before it has a place.
type chart struct {
	kind, title, unit string
	description       string
	width             int
	series            []series
}

type series struct{ expr, legend string }

// charts returns the panels, from what is looked at first to what explains it.
func charts(q query) []chart {
	const (
		stat = "stat"
		line = "timeseries"
		api  = `api=~"$api"`
	)
	rate := func(metric, by string) string {
		return "sum by (" + by + ") (rate(" + q.of(metric, api) + "[$__rate_interval]))"
	}
	quantile := func(p string) series {
		return series{q.of(recordQuantile, api, equal("quantile", p)), "{{api}} p" + strings.TrimPrefix(p, "0.")}
	}
	return []chart{
		{stat, "Proxies up", "short", "", 4, []series{{"sum(" + q.of("up") + ")", ""}}},
		{stat, "Requests", "reqps", "", 5, []series{{"sum(" + q.of(recordRequests, api) + ")", ""}}},
		{stat, "Server errors", "percentunit", "", 5, []series{{
			"sum(" + q.of(recordErrors+"5m", api) + " * " + q.of(recordRequests, api) + ") / sum(" + q.of(recordRequests, api) + ")", "",
		}}},
		{stat, "Proxies refusing a bundle", "short", "The newest bundle is refused and the last good one is served.", 5, []series{{"sum(" + q.of(schema.MetricBundleRefused) + ")", ""}}},
		{stat, "Source last read", "s", "By the proxy that is furthest behind.", 5, []series{{"time() - min(" + q.of(schema.MetricSourceChecked) + ")", ""}}},

		{line, "Requests by API", "reqps", "", 12, []series{{q.of(recordRequests, api), "{{api}}"}}},
		{line, "Server errors by API", "percentunit", "Share of the requests that were answered with 5xx.", 12, []series{{q.of(recordErrors+"5m", api), "{{api}}"}}},

		{line, "Latency p50", "s", "", 8, []series{quantile("0.5")}},
		{line, "Latency p95", "s", "", 8, []series{quantile("0.95")}},
		{line, "Latency p99", "s", "", 8, []series{quantile("0.99")}},

		{line, "Requests by route and status", "reqps", "", 12, []series{{rate(schema.MetricRequests, "api, route, status_class"), "{{api}}/{{route}} {{status_class}}"}}},
		{line, "Upstream errors", "reqps", "", 12, []series{
			{rate(schema.MetricUpstreamErrors, "api, upstream, reason"), "{{api}} {{upstream}} {{reason}}"},
			{rate(schema.MetricRetries, "api, upstream"), "{{api}} {{upstream}} retries"},
		}},

		{line, "Rate limited", "reqps", "", 12, []series{{rate(schema.MetricLimited, "api, window"), "{{api}} {{window}}"}}},
		{line, "Authentication failures", "reqps", "", 12, []series{{rate(schema.MetricAuthFailures, "api, reason"), "{{api}} {{reason}}"}}},

		{line, "Bundle revisions", "short", "How many proxies serve which revision.", 12, []series{{"count by (revision, serial) (" + q.of(schema.MetricBundleInfo) + ")", "{{serial}} {{revision}}"}}},
		{line, "Bundles refused", "short", "", 12, []series{{"sum by (reason) (increase(" + q.of(schema.MetricBundleRefusals) + "[$__rate_interval]))", "{{reason}}"}}},

		{line, "Trust ends", "s", "How long new bundles of a signer are taken yet, where that has an end.", 8, []series{{"min by (signer) (" + q.of(schema.MetricTrustExpiry) + ") - time()", "{{signer}}"}}},
		{line, "Bundle confirmed", "s", "How long ago the source last had what a proxy serves.", 8, []series{{"time() - (" + q.of(schema.MetricConfirmed) + " > 0)", "{{instance}}"}}},
		{line, "Left out", "short", "APIs that answer 503 and consumers who are not recognised, at the proxy that leaves out most; and secrets whose newest value cannot be used.", 8, []series{
			{"max(" + q.of(schema.MetricIsolatedAPIs) + ")", "APIs"},
			{"max(" + q.of(schema.MetricIsolatedConsumers) + ")", "consumers"},
			{"count(max by (secret) (" + q.of(schema.MetricSecretUnusable) + "))", "unusable secrets"},
		}},

		{line, "Key sets", "s", "How long ago the keys that tokens are verified with were fetched, at the proxy that is furthest behind.", 12, []series{{"time() - min by (url) (" + q.of(schema.MetricKeySetSuccess) + " > 0)", "{{url}}"}}},
		{line, "Certificates end", "s", "How long what listeners show, and the authorities that others are verified with, are good for yet.", 12, []series{{"min by (kind, secret) (" + q.of(schema.MetricCertificateExpiry) + ") - time()", "{{kind}} {{secret}}"}}},

		{line, "CPU by proxy", "short", "In cores.", 12, []series{{"rate(" + q.of("process_cpu_seconds_total") + "[$__rate_interval])", "{{instance}}"}}},
		{line, "Memory by proxy", "bytes", "", 12, []series{{q.of("process_resident_memory_bytes"), "{{instance}}"}}},
	}
}

// layout puts charts into rows from left to right.
func layout(source datasource, charts []chart) []panel {
	var panels []panel
	x, y, height := 0, 0, 0
	for i, c := range charts {
		if x+c.width > columns {
			x, y = 0, y+height
		}
		p := panel{
			ID: i + 1, Type: c.kind, Title: c.title, Description: c.description, Datasource: source,
			FieldConfig: fieldConfig{Defaults: fieldDefaults{Unit: c.unit, Min: new(0.0)}},
		}
		height = 8
		if c.kind == "stat" {
			height = 4
			p.Options.TextMode = "value"
		} else {
			p.Options.Legend = &legend{DisplayMode: "list", Placement: "bottom", ShowLegend: true}
		}
		p.GridPos = gridPos{X: x, Y: y, W: c.width, H: height}
		for n, s := range c.series {
			p.Targets = append(p.Targets, target{
				RefID: string(rune('A' + n)), Datasource: source, Expr: s.expr, LegendFormat: s.legend, Instant: c.kind == "stat",
			})
		}
		panels = append(panels, p)
		x += c.width
	}
	return panels
}
