package gwc.model_test

import data.gwc.model

test_production if {
	every name in ["production", "prod", "Production", "production-eu", "eu_prod", "prod-2"] {
		model.production with input as {"environment": name}
	}
}

test_not_production if {
	every name in ["dev", "staging", "pre-production", "non-prod", "preprod", "products", ""] {
		not model.production with input as {"environment": name}
	}
}

test_authenticated if {
	model.authenticated({"auth": {"apiKey": {"header": "apikey"}}})
	model.authenticated({"auth": {"jwt": {"issuer": "i"}}})
	not model.authenticated({"auth": {"allow": {"groups": ["g"]}}})
	not model.authenticated({})
}

test_methods if {
	model.methods({"match": {"methods": ["GET", "PUT"]}}) == {"GET", "PUT"}
	model.methods({"match": {}}) == set()
	model.methods({}) == set()
}

test_safe_are_idempotent if count(model.safe - model.idempotent) == 0

gateway := {"listeners": {"http": {"port": 1, "redirect": {"listener": "https"}}, "https": {"port": 2}, "admin": {"port": 3}}}

test_listeners_default if {
	object.keys(model.listeners({})) == {"https", "admin"} with input as gateway
}

test_listeners_named if {
	object.keys(model.listeners({"listeners": ["http", "admin"]})) == {"admin"} with input as gateway
}
