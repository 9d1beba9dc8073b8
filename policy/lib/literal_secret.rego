# METADATA
# title: Secrets are references
# description: >-
#   A value looks like a credential: a private key, a token of a known form, a password in a URL, or something
#   random under a name such as "x-api-key". What stands in a definition also stands in version control, in the
#   bundle and in diffs. The value is never part of the finding.
# custom:
#   code: literal-secret
#   severity: error
#   help: take the value out and revoke it; let the backend read it from its own secret store, or recognise callers with auth and consumers
package gwc.policy.literal_secret

deny contains found(path, name, kind) if {
	some a, api in input.apis
	some r, route in api.routes
	some side, change in route.headers
	some operation in ["set", "add"]
	some name, value in change[operation]
	kind := credential(name, value)
	path := ["apis", a, "routes", r, "headers", side, operation, name]
}

deny contains found(path, name, kind) if {
	some a, api in input.apis
	some r, route in api.routes
	some name, value in route.respond.headers
	kind := credential(name, value)
	path := ["apis", a, "routes", r, "respond", "headers", name]
}

deny contains found(path, "body", kind) if {
	some a, api in input.apis
	some r, route in api.routes
	kind := shape(route.respond.body)
	path := ["apis", a, "routes", r, "respond", "body"]
}

# A value that a request must carry to match is a password, if it looks like one.
deny contains found(path, name, kind) if {
	some a, api in input.apis
	some r, route in api.routes
	some part in ["headers", "query"]
	some name, value in route.match[part]
	kind := credential(name, value.exact)
	path := ["apis", a, "routes", r, "match", part, name, "exact"]
}

deny contains found(path, "issuer", kind) if {
	some a, api in input.apis
	some r, route in api.routes
	kind := shape(route.auth.jwt.issuer)
	path := ["apis", a, "routes", r, "auth", "jwt", "issuer"]
}

deny contains found(path, "url", kind) if {
	some a, api in input.apis
	some r, route in api.routes
	kind := shape(route.auth.jwt.jwks.url)
	path := ["apis", a, "routes", r, "auth", "jwt", "jwks", "url"]
}

# A key set to verify with holds public keys: no private part ("d") and no symmetric key ("k").
deny contains found(path, "keys", "a private or symmetric key") if {
	some a, api in input.apis
	some r, route in api.routes
	some i, key in route.auth.jwt.jwks.inline.keys
	some member in ["d", "k"]
	key[member]
	path := ["apis", a, "routes", r, "auth", "jwt", "jwks", "inline", "keys", i]
}

deny contains found(path, name, kind) if {
	some name, value in input.targets.kube.service.annotations
	kind := credential(name, value)
	path := ["targets", "kube", "service", "annotations", name]
}

found(path, name, kind) := {
	"path": path,
	"message": sprintf("the value of %q looks like %s", [name, kind]),
}

# credential says what the value of a named field looks like; it is undefined for what looks harmless.
credential(name, value) := kind if {
	kind := shape(value)
} else := "credentials" if {
	regex.match(`(?i)^(proxy-)?authorization$`, name)
	trim_space(value) != ""
} else := "credentials" if {
	not endswith(lower(name), "-authenticate")
	regex.match(`(?i)^\s*(basic|bearer)\s+[a-z0-9+/=._~-]{6,}\s*$`, value)
} else := "a password" if {
	regex.match(`(?i)(^|[-_.])(password|passwd|passphrase)$`, name)
	count(trim_space(value)) >= 4
} else := "a secret" if {
	regex.match(`(?i)(^|[-_.])(secret|token|api[-_]?key|(access|secret|private|auth|signing)[-_]?key|credentials?)$`, name)
	opaque(value)
	count(value) >= 8
	regex.match(`[0-9]`, value)
	regex.match(`[A-Za-z]`, value)
} else := "a secret" if {
	regex.match(`(?i)(^|[-_.])(key|auth|session|signature)$`, name)
	opaque(value)
	random(value)
}

# shape says what a value looks like whatever its name.
shape(value) := "a private key" if {
	regex.match(`-----BEGIN [A-Z ]*PRIVATE KEY`, value)
} else := "an AWS access key" if {
	regex.match(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`, value)
} else := "a JSON Web Token" if {
	regex.match(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{2,}\.`, value)
} else := "an access token" if {
	regex.match(`\b(gh[opsur]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{22}|glpat-[0-9A-Za-z_-]{20}|xox[abprs]-[0-9A-Za-z-]{10}|AIza[0-9A-Za-z_-]{35}|[rs]k_live_[0-9A-Za-z]{16})`, value)
} else := "a URL with a password" if {
	regex.match(`\b[a-z][a-z0-9+.-]*://[^\s/?#@:]*:[^\s/?#@]+@`, value)
}

# opaque holds for one word of a token's alphabet that is neither a path nor a host name.
opaque(value) if {
	regex.match(`^[A-Za-z0-9+/=_.~-]+$`, value)
	not startswith(value, "/")
	not regex.match(`^([a-z0-9-]+\.)+[a-z]{2,}(/|$)`, value)
}

# random stands in for a measure of entropy, which Rego cannot compute.
random(value) if {
	count(value) >= 20
	regex.match(`[0-9]`, value)
	regex.match(`[a-z]`, value)
	regex.match(`[A-Z]`, value)
	count({c | some c in split(value, "")}) >= 12
}

random(value) if {
	regex.match(`^[0-9a-f]{32,}$`, lower(value))
	count({c | some c in split(value, "")}) >= 8
}
