# METADATA
# title: An owner is a team
# description: People leave and teams stay.
# custom:
#   code: owner-is-a-team
#   severity: error
#   help: 'write the name of a team, for instance owner: "team-platform"'
package gwc.user.owner_is_a_team

deny contains {"path": ["apis", name, "owner"], "message": message} if {
	some name, api in input.apis
	api.owner
	not contains(api.owner, "team")
	message := sprintf("API %q is owned by %q, which is no team", [name, api.owner])
}
