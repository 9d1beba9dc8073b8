package prometheus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/compiler/render/prometheus"
	"gwc.dev/schema"
)

func input(t *testing.T) manifest.Input {
	t.Helper()
	data, err := os.ReadFile("../testdata/gateway.json")
	if err != nil {
		t.Fatal(err)
	}
	g, err := schema.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Input{Gateway: g.Resolve()}
}

// hostile is an environment whose every name and text tries to be something else.
func hostile(t *testing.T) manifest.Input {
	in := input(t)
	g := in.Gateway
	evil := "a\"} or vector(1) #\\ {{ $labels.job }} ö\n\u2028'"
	g.Environment = evil
	g.Targets.Kube.Namespace = evil
	g.Targets.Kube.Name = evil
	echo := g.APIs["echo"]
	echo.Owner = evil
	g.APIs = map[string]schema.API{evil: echo}
	return in
}

func render[T any](t *testing.T, in manifest.Input, path string) T {
	t.Helper()
	files, err := prometheus.Target{}.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f manifest.File) bool { return f.Path == path })
	if i < 0 {
		t.Fatalf("no file %q was rendered", path)
	}
	var out T
	if err := yaml.UnmarshalStrict(files[i].Data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// rulesFile writes the groups of a rendered PrometheusRule as Prometheus itself reads them.
func rulesFile(t *testing.T, in manifest.Input, dir string) monitoringv1.PrometheusRuleSpec {
	t.Helper()
	spec := render[monitoringv1.PrometheusRule](t, in, "prometheus/prometheusrule.yaml").Spec
	data, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	return spec
}

// promtool runs Prometheus's own checker in dir. `make tools` builds it; without it nothing here is proven, so
// that its absence is a failure.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	binary, err := exec.LookPath("promtool")
	if err != nil {
		if binary, err = filepath.Abs("../../../bin/promtool"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(binary); err != nil {
			t.Fatalf("promtool is neither on the PATH nor in bin/: run make tools (%v)", err)
		}
	}
	cmd := exec.CommandContext(context.Background(), binary, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestRulesPassPromtool(t *testing.T) {
	for name, in := range map[string]manifest.Input{"rich": input(t), "hostile": hostile(t)} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			rulesFile(t, in, dir)
			promtool(t, dir, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
		})
	}
}

// TestRulesOfManyAPIsFitIntoTheirObjects holds that no object is larger than the Prometheus operator and an API server take, and
// that no rule is lost for it.
func TestRulesOfManyAPIsFitIntoTheirObjects(t *testing.T) {
	const operator = 512 << 10 // the most of one file of rules
	in := input(t)
	echo := in.Gateway.APIs["echo"]
	in.Gateway.APIs = map[string]schema.API{}
	want := []string{"gwc.production.requests", "gwc.production.gateway"}
	for i := range 300 {
		name := fmt.Sprintf("api-%03d", i)
		in.Gateway.APIs[name] = echo
		want = append(want, "gwc.production.slo."+name)
	}
	files, err := prometheus.Target{}.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	var got, names []string
	for _, f := range files {
		if len(f.Data) > operator {
			t.Errorf("%s has %d bytes", f.Path, len(f.Data))
		}
		if !strings.HasPrefix(f.Path, "prometheus/prometheusrule") {
			continue
		}
		var rules monitoringv1.PrometheusRule
		if err := yaml.UnmarshalStrict(f.Data, &rules); err != nil {
			t.Fatal(err)
		}
		names = append(names, rules.Name)
		for _, g := range rules.Spec.Groups {
			got = append(got, g.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if slices.Sort(names); len(names) < 2 || len(slices.Compact(names)) != len(names) {
		t.Errorf("objects %q", names)
	}
}

func TestAlertsFireWhenTheyShouldAndOnlyThen(t *testing.T) {
	for _, name := range []string{"gateway_test.yaml", "objective_test.yaml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			rulesFile(t, input(t), dir)
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
			promtool(t, dir, "test", "rules", name)
		})
	}
}

// A suite is the part of a file for promtool that the test below reads.
type suite struct {
	Tests []struct {
		Name  string
		Exprs []struct {
			Expr    string
			Samples []struct{ Labels string } `json:"exp_samples"`
		} `json:"promql_expr_test"`
		Alerts []struct {
			Name   string            `json:"alertname"`
			Alerts []json.RawMessage `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	}
}

// TestEveryAlertIsTested holds the cases for promtool to the rules: each alert fires in a case, and the same case, in which
// there is what it is about, has a time at which it does not.
func TestEveryAlertIsTested(t *testing.T) {
	fires := map[string]bool{}      // alerts that fire in some case
	fallsQuiet := map[string]bool{} // those of them that do not at another time in the same case
	for _, name := range []string{"gateway_test.yaml", "objective_test.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var s suite
		if err := yaml.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Tests {
			here := map[string]bool{}
			var states [][]string // of all alerts, at some time
			for _, e := range c.Exprs {
				if !strings.HasPrefix(e.Expr, "ALERTS") {
					continue
				}
				var firing []string
				for _, sample := range e.Samples {
					_, rest, _ := strings.Cut(sample.Labels, `alertname="`)
					alert, _, _ := strings.Cut(rest, `"`)
					if firing = append(firing, alert); strings.Contains(sample.Labels, `alertstate="firing"`) {
						here[alert] = true
					}
				}
				states = append(states, firing)
			}
			for _, a := range c.Alerts {
				if len(a.Alerts) > 0 {
					here[a.Name] = true
				}
			}
			for alert := range here {
				fires[alert] = true
				if slices.ContainsFunc(states, func(firing []string) bool { return !slices.Contains(firing, alert) }) {
					fallsQuiet[alert] = true
				}
			}
		}
	}
	for _, g := range rulesFile(t, input(t), t.TempDir()).Groups {
		for _, r := range g.Rules {
			switch {
			case r.Alert == "":
			case !fires[r.Alert]:
				t.Errorf("no case has %s firing", r.Alert)
			case !fallsQuiet[r.Alert]:
				t.Errorf("no case in which %s fires says when it does not", r.Alert)
			}
		}
	}
}

func TestAlertsExplainThemselves(t *testing.T) {
	for _, g := range rulesFile(t, input(t), t.TempDir()).Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			for _, key := range []string{"summary", "description", "hint"} {
				if r.Annotations[key] == "" {
					t.Errorf("alert %s has no %s", r.Alert, key)
				}
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
				t.Errorf("alert %s: severity %q", r.Alert, r.Labels["severity"])
			}
		}
	}
}

func TestAlertsThatCannotFireAreNotRendered(t *testing.T) {
	in := input(t)
	in.Gateway.APIs = map[string]schema.API{"a": {SLO: &schema.SLO{Availability: 80}}}
	var got []string
	for _, g := range rulesFile(t, in, t.TempDir()).Groups {
		for _, r := range g.Rules {
			if r.Alert == "GatewayErrorBudgetBurn" {
				got = append(got, r.Labels["window"]+": "+r.Expr.StrVal)
			}
		}
	}
	want := []string{
		`1d: api:gwproxy_errors:ratio_rate1d{namespace="api-gateway",job="gateway",api="a"} > 0.6 and api:gwproxy_errors:ratio_rate2h{namespace="api-gateway",job="gateway",api="a"} > 0.6`,
		`3d: api:gwproxy_errors:ratio_rate3d{namespace="api-gateway",job="gateway",api="a"} > 0.2 and api:gwproxy_errors:ratio_rate6h{namespace="api-gateway",job="gateway",api="a"} > 0.2`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoticeOfCertificatesIsTheUsers(t *testing.T) {
	for notice, want := range map[time.Duration][2]string{0: {"604800", "86400"}, 48 * time.Hour: {"172800", "86400"}, time.Hour: {"3600", "3600"}} {
		in := input(t)
		in.Gateway.Targets.Prometheus.CertificateNotice = schema.Duration(notice)
		var got [2]string
		for _, g := range rulesFile(t, in, t.TempDir()).Groups {
			for _, r := range g.Rules {
				if _, bound, ok := strings.Cut(r.Expr.StrVal, " - time() < "); ok && r.Alert == "GatewayCertificateEnds" {
					got[map[string]int{"warning": 0, "critical": 1}[r.Labels["severity"]]] = bound
				}
			}
		}
		if got != want {
			t.Errorf("notice of %s: %v, want %v", notice, got, want)
		}
	}
}

// Whoever uses keys for a short time only hears of old ones while tokens are still taken.
func TestOldKeysAreToldOfBeforeTheyAreUsedNoMore(t *testing.T) {
	for age, want := range map[time.Duration]string{0: "> 7200", time.Hour: "> 1800", 12 * time.Hour: "> 7200"} {
		in := input(t)
		in.Gateway.Targets.Kube.JWKSMaxAge = schema.Duration(age)
		dir := t.TempDir()
		rulesFile(t, in, dir)
		rules, err := os.ReadFile(filepath.Join(dir, "rules.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, alert, _ := strings.Cut(string(rules), "GatewayKeySetStale")
		if expr, _, _ := strings.Cut(alert, "for:"); !strings.Contains(expr, want) {
			t.Errorf("keys for %v: no %q in\n%s", age, want, expr)
		}
	}
}

func TestLatencyAboveTheLargestBucketIsAProblem(t *testing.T) {
	in := input(t)
	in.Gateway.APIs = map[string]schema.API{"slow": {SLO: &schema.SLO{Latency: &schema.SLOLatency{Quantile: 0.9, Below: 20e9}}}}
	_, err := prometheus.Target{}.Render(in)
	var got *schema.Problem
	if !errors.As(err, &got) {
		t.Fatalf("error %v is no problem of the model", err)
	}
	want := &schema.Problem{
		Path: "apis.slow.slo.latency.below", Code: "slo-latency",
		Message: "the proxies do not tell latencies above 10s apart, so that a bound of 20s cannot be watched",
		Hint:    "promise 10s or less, or leave the latency out",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A board is what the test reads of a dashboard.
type board struct {
	UID, Title    string
	SchemaVersion int
	Panels        []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ RefID, Expr string }
	}
}

func TestDashboardIsWhatGrafanaReads(t *testing.T) {
	for name, in := range map[string]manifest.Input{"rich": input(t), "hostile": hostile(t)} {
		t.Run(name, func(t *testing.T) {
			cm := render[corev1.ConfigMap](t, in, "prometheus/configmap-dashboard.yaml")
			if got := cm.Labels["grafana_dashboard"]; got != "1" {
				t.Errorf("label grafana_dashboard is %q, want 1", got)
			}
			for file, text := range cm.Data {
				var b board
				if err := json.Unmarshal([]byte(text), &b); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				checkBoard(t, b)
			}
		})
	}
}

func checkBoard(t *testing.T, b board) {
	if b.SchemaVersion == 0 || b.UID == "" || len(b.UID) > 40 || b.Title == "" {
		t.Errorf("uid %q, title %q, schema version %d", b.UID, b.Title, b.SchemaVersion)
	}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	var rules []map[string]string
	for _, p := range b.Panels {
		if ids[p.ID] {
			t.Errorf("panel %q: id %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q leaves the grid", p.Title)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, ok := cells[cell]; ok {
					t.Fatalf("panels %q and %q overlap", other, p.Title)
				}
				cells[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$api", ".*").Replace(target.Expr)
			rules = append(rules, map[string]string{"record": "panel:expr", "expr": expr})
		}
	}
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "panels.yaml"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "--lint=none", "panels.yaml")
}
