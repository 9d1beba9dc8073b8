package prometheus

import (
	"cmp"
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// trustNotice is how long before its end an alert says that trust in a signer ends: time enough to bring a key into use.
const trustNotice = 14 * 24 * time.Hour

// certificateNotice is the same of a certificate. What renews them does so weeks before.
const certificateNotice = 7 * 24 * time.Hour

// lastNotice is when what has been a warning becomes critical.
const lastNotice = 24 * time.Hour

// keysStaleAfter is how old an issuer's keys may be: they are fetched again within the hour, and used for a day after.
const keysStaleAfter = 2 * time.Hour

// gatewayAlerts watches the proxies themselves.
func gatewayAlerts(in manifest.Input, q query) []monitoringv1.Rule {
	k := in.Gateway.Targets.Kube
	staleAfter := in.Gateway.Targets.Prometheus.StaleAfter
	labels := func(severity string) map[string]string {
		return map[string]string{"severity": severity, "environment": literal(in.Gateway.Environment)}
	}
	// An alert on what is absent has no labels of its own.
	absent := labels("critical")
	absent["namespace"], absent["job"] = literal(k.Namespace), literal(k.Name)
	ends := "min by (namespace, job, kind, secret) (" + q.of(schema.MetricCertificateExpiry) + ") - time()"
	keysStale := keysStaleAfter
	if age := k.JWKSMaxAge.Std(); age > 0 {
		keysStale = min(keysStale, age/2) // while tokens are still taken
	}
	notice := cmp.Or(in.Gateway.Targets.Prometheus.CertificateNotice.Std(), certificateNotice)
	certificateEnds := func(within time.Duration, severity string) monitoringv1.Rule {
		return alert("GatewayCertificateEnds", ends+" < "+number(within.Seconds()), 10*time.Minute, labels(severity), map[string]string{
			"summary":     "The {{ $labels.kind }} in secret {{ $labels.secret }} ends",
			"description": "The {{ $labels.kind }} that a proxy uses of secret {{ $labels.secret }} is good for {{ $value | humanizeDuration }} more; less than nothing: handshakes fail by now.",
			"hint":        "See what should have renewed the Secret. If it has, see what the proxy makes of it: gwc status ADDRESS. Proxies take a new one up by themselves.",
		})
	}
	return []monitoringv1.Rule{
		alert("GatewayDown", "(count("+q.of("up")+" == 1) or vector(0)) == 0", 2*time.Minute, absent, map[string]string{
			"summary":     "No gateway proxy is up",
			"description": fmt.Sprintf("Prometheus reaches no proxy of %s in %s.", absent["job"], absent["namespace"]),
			"hint":        fmt.Sprintf("Look at the Deployment's pods and events: kubectl -n %s describe deployment %s. If proxies run, see whether the NetworkPolicy admits Prometheus.", absent["namespace"], absent["job"]),
		}),
		alert("GatewayProxyDown", q.of("up")+" == 0", 5*time.Minute, labels("warning"), map[string]string{
			"summary":     "Gateway proxy {{ $labels.instance }} is down",
			"description": "Prometheus has not reached the proxy {{ $labels.instance }} for 5 minutes.",
			"hint":        "Look at the pod's events and log.",
		}),
		alert("GatewayBundleRefused", "count by (namespace, job) ("+q.of(schema.MetricBundleRefused)+" == 1) > 0", time.Minute, labels("warning"), map[string]string{
			"summary":     "The newest bundle is refused",
			"description": "{{ $value }} proxies refuse the newest bundle and serve the last good one.",
			"hint":        "gwc status ADDRESS shows the reason and the line of the definition. Mend it and publish again.",
		}),
		alert("GatewayBundleStale", "time() - min by (namespace, job) ("+q.of(schema.MetricSourceChecked)+") > "+number(staleAfter.Std().Seconds()), time.Minute, labels("warning"), map[string]string{
			"summary":     "A proxy cannot read its bundle source",
			"description": fmt.Sprintf("A proxy last read its bundle source {{ $value | humanizeDuration }} ago; the limit is %s. It serves the last good bundle and sees no change.", staleAfter),
			"hint":        "The proxy's log and gwc status ADDRESS show the error: registry down, credentials expired, or egress closed.",
		}),
		alert("GatewayBundleUnconfirmed", "max by (namespace, job) ("+q.of(schema.MetricStale)+") == 1", time.Minute, labels("warning"), map[string]string{
			"summary":     "What is served may be out of date",
			"description": "For longer than --max-staleness a proxy's source has not confirmed that what it serves is the newest bundle. It serves it all the same.",
			"hint":        "The source cannot be read, or has a bundle that the proxy refuses: gwc status ADDRESS tells which.",
		}),
		alert("GatewayBundleDiverged", "count by (namespace, job) (count by (namespace, job, revision) ("+q.of(schema.MetricBundleInfo)+")) > 1", 15*time.Minute, labels("warning"), map[string]string{
			"summary":     "Proxies serve different bundles",
			"description": "For 15 minutes the proxies have served {{ $value }} different revisions.",
			"hint":        "Compare the proxies with gwc status ADDRESS...: those behind refuse the newer bundle or cannot reach the registry.",
		}),
		alert("GatewayUnverified", "max by (namespace, job) ("+q.of(schema.MetricUnverified)+") == 1", 0, labels("critical"), map[string]string{
			"summary":     "Bundles are served unverified",
			"description": "A proxy runs with --insecure-skip-verify: whoever can write to its bundle source controls the gateway.",
			"hint":        "Start it with --key instead.",
		}),
		alert("GatewayAPIsIsolated", "max by (namespace, job) ("+q.of(schema.MetricIsolatedAPIs)+") > 0", 5*time.Minute, labels("critical"), map[string]string{
			"summary":     "APIs are left out and answer 503",
			"description": "A proxy leaves {{ $value }} APIs of its bundle out, because they cannot be built.",
			"hint":        "gwc status ADDRESS names them and the line of the definition; mostly a Secret is not mounted.",
		}),
		alert("GatewayConsumersIsolated", "max by (namespace, job) ("+q.of(schema.MetricIsolatedConsumers)+") > 0", 5*time.Minute, labels("warning"), map[string]string{
			"summary":     "Consumers are not recognised",
			"description": "A proxy cannot read the keys of {{ $value }} consumers, who get 401.",
			"hint":        "gwc status ADDRESS names them; mostly a Secret is not mounted.",
		}),
		alert("GatewaySecretUnusable", "max by (namespace, job, secret) ("+q.of(schema.MetricSecretUnusable)+") == 1", 5*time.Minute, labels("warning"), map[string]string{
			"summary":     "Secret {{ $labels.secret }} cannot be used",
			"description": "What is mounted as {{ $labels.secret }} cannot be used; the value before it still is, and a restart would have none.",
			"hint":        "The proxy's log and gwc status ADDRESS say what is wrong with it. Put the secret right: proxies take it up by themselves.",
		}),
		alert("GatewayKeySetMissing", "min by (namespace, job, url) ("+q.of(schema.MetricKeySetKeys)+") == 0", 5*time.Minute, labels("critical"), map[string]string{
			"summary":     "No keys are known to verify tokens with",
			"description": "A proxy has no keys of {{ $labels.url }}: requests with tokens of that issuer are answered with 503.",
			"hint":        "See whether the proxies reach the URL: the issuer may be down, or egress closed. The proxy's log has the error.",
		}),
		alert("GatewayKeySetStale", "time() - min by (namespace, job, url) ("+q.of(schema.MetricKeySetSuccess)+" > 0) > "+number(keysStale.Seconds()), 5*time.Minute, labels("warning"), map[string]string{
			"summary":     "The keys that tokens are verified with are old",
			"description": "A proxy last fetched the keys of {{ $labels.url }} {{ $value | humanizeDuration }} ago. Tokens are verified with them until --jwks-max-age has passed, and then answered with 503; a key that the issuer has withdrawn is trusted as long.",
			"hint":        "See whether the proxies reach the URL: the issuer may be down, or egress closed. gwc status ADDRESS has the error.",
		}),
		certificateEnds(notice, "warning"),
		certificateEnds(min(notice, lastNotice), "critical"),
		alert("GatewayTrustEnds", "min by (namespace, job, signer) ("+q.of(schema.MetricTrustExpiry)+") - time() < "+number(trustNotice.Seconds()), time.Hour, labels("warning"), map[string]string{
			"summary":     "Trust in {{ $labels.signer }} ends",
			"description": "New bundles by {{ $labels.signer }} are taken for {{ $value | humanizeDuration }} more; less than nothing: they are refused by now. What is served goes on being served.",
			"hint":        "See that the next key is trusted and that bundles are signed with it, and remove the old one from the trust document once its end has come.",
		}),
		alert("GatewayAuthFailures", share(q, schema.MetricAuthFailures)+" > 0.5", 15*time.Minute, labels("warning"), map[string]string{
			"summary":     "Most requests of API {{ $labels.api }} fail authentication",
			"description": "{{ $value | humanizePercentage }} of the requests of API {{ $labels.api }} have been refused for 15 minutes.",
			"hint":        "gwproxy_auth_failures_total by reason tells a rotated key or an expired key set from somebody guessing.",
		}),
		alert("GatewayRateLimited", share(q, schema.MetricLimited)+" > 0.2", 15*time.Minute, labels("info"), map[string]string{
			"summary":     "Many requests of API {{ $labels.api }} are rate limited",
			"description": "{{ $value | humanizePercentage }} of the requests of API {{ $labels.api }} have met a limit for 15 minutes.",
			"hint":        "gwproxy_rate_limited_total by window shows which limit; the access log shows whom it meets.",
		}),
		alert("GatewayAccessLogDropped", "sum by (namespace, job) (increase("+q.of(schema.MetricLogDropped)+"[15m])) > 0", 0, labels("warning"), map[string]string{
			"summary":     "Access log lines are lost",
			"description": "The proxies have dropped {{ $value | humanize }} lines of the access log in 15 minutes.",
			"hint":        "The log's reader is too slow or its disk is full.",
		}),
	}
}

// share returns the share of an API's requests that metric counts.
func share(q query, metric string) string {
	return "sum " + by + "(rate(" + q.of(metric) + "[5m])) / sum " + by + "(rate(" + q.of(schema.MetricRequests) + "[5m]))"
}
