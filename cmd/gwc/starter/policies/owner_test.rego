package gwc.user.owner_is_a_team_test

import data.gwc.user.owner_is_a_team

test_a_person_is_no_team if {
	found := owner_is_a_team.deny with input as {"apis": {"hello": {"owner": "Bob"}}}
	{f.path | some f in found} == {["apis", "hello", "owner"]}
}

test_a_team_is_fine if {
	count(owner_is_a_team.deny) == 0 with input as {"apis": {"hello": {"owner": "my-team"}}}
}
