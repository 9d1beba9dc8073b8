package schema

// Names of gwproxy's metrics. They are part of the contract: rendered rules and dashboards query them.
const (
	MetricRequests       = "gwproxy_requests_total"                        // counter: api, route, status_class ("2xx"), listener-independent
	MetricDuration       = "gwproxy_request_duration_seconds"              // histogram: api, route
	MetricUpstreamErrors = "gwproxy_upstream_errors_total"                 // counter: api, route, upstream, reason
	MetricRetries        = "gwproxy_upstream_retries_total"                // counter: api, route, upstream
	MetricLimited        = "gwproxy_rate_limited_total"                    // counter: api, route, window
	MetricAuthFailures   = "gwproxy_auth_failures_total"                   // counter: api, route, reason
	MetricRefused        = "gwproxy_refused_total"                         // counter: listener, reason; connections and requests refused before a route took them
	MetricConnections    = "gwproxy_connections"                           // gauge: listener; client connections that are open
	MetricBundleInfo     = "gwproxy_bundle_info"                           // gauge, 1: environment, revision, serial
	MetricBundleRefused  = "gwproxy_bundle_refused"                        // gauge: 1 while the newest bundle seen is refused
	MetricBundleRefusals = "gwproxy_bundle_refusals_total"                 // counter: reason
	MetricBundleSwaps    = "gwproxy_bundle_swaps_total"                    // counter
	MetricSourceChecked  = "gwproxy_source_last_success_timestamp_seconds" // gauge: last time the source was read, Unix seconds
	MetricUnverified     = "gwproxy_insecure_skip_verify"                  // gauge: 1 while bundles are not verified
	MetricTrustExpiry    = "gwproxy_trust_expiry_timestamp_seconds"        // gauge: signer; when new bundles by it are not taken any more, Unix seconds
	MetricLogDropped     = "gwproxy_access_log_dropped_total"              // counter: access log lines not written

	MetricSecretUnusable = "gwproxy_secret_unusable" // gauge, 1: secret; its newest value cannot be used, so that the one before is; absent: all is well
	// MetricCertificateExpiry ends with the first of a certificate's chain, and with the last of an authority's certificates.
	MetricCertificateExpiry = "gwproxy_certificate_expiry_timestamp_seconds" // gauge: kind ("certificate", "authority"), secret; when what is in use ends, Unix seconds
	MetricSecretChanges     = "gwproxy_secret_changes_total"                 // counter: new values of secrets that were put to use

	MetricKeySetKeys       = "gwproxy_jwks_keys"                           // gauge: url; keys to verify tokens with; 0: tokens are answered with 503
	MetricKeySetSuccess    = "gwproxy_jwks_last_success_timestamp_seconds" // gauge: url; when the keys were fetched, Unix seconds; 0: never
	MetricKeySetFetches    = "gwproxy_jwks_fetches_total"                  // counter: url, result ("success", "failure")
	MetricKeySetUnknown    = "gwproxy_jwks_unknown_keys_total"             // counter: url, outcome ("asked", "bounded"); tokens with unknown keys, whether the issuer was asked again
	MetricKeySetDiskErrors = "gwproxy_jwks_disk_errors_total"              // counter: url; keys that could not be read from disk or written to it
)

// Names of the metrics that say how much of what a proxy serves is as it should be.
const (
	MetricIsolatedAPIs      = "gwproxy_isolated_apis"      // gauge: APIs of the bundle in force that answer 503 because they cannot be built
	MetricIsolatedConsumers = "gwproxy_isolated_consumers" // gauge: consumers who are not recognised because a key of theirs cannot be read
	// MetricConfirmed is not [MetricSourceChecked]: a source that is read and has a bundle that is refused does not
	// confirm what is served.
	MetricConfirmed = "gwproxy_bundle_confirmed_timestamp_seconds" // gauge: last time the source had what is served, Unix seconds; 0: never yet
	MetricStale     = "gwproxy_bundle_stale"                       // gauge: 1 while that is longer ago than --max-staleness
)

// MetricBuckets returns the upper bounds of [MetricDuration]'s buckets, in seconds and in order. They are part
// of the contract too: an alert on a latency objective counts the requests above one of them.
func MetricBuckets() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}
