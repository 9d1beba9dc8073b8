# METADATA
# title: Every API has an owner
# description: An API names no team that answers for it, so that nobody is asked before it changes and nobody is called when it breaks.
# custom:
#   code: missing-owner
#   severity: warning
#   help: 'name the team, for instance owner: "team-platform"'
package gwc.policy.missing_owner

deny contains {"path": ["apis", a], "message": message} if {
	some a, api in input.apis
	trim_space(object.get(api, "owner", "")) == ""
	message := sprintf("API %q has no owner", [a])
}
