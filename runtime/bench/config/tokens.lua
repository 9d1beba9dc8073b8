-- Sends the tokens in turn.
local tokens = {
{{- range .Tokens}}
	"{{.}}",
{{- end}}
}
local requests, last = {}, 0

function init()
	for i, token in ipairs(tokens) do
		requests[i] = wrk.format("GET", nil, {["Authorization"] = "Bearer " .. token})
	end
end

function request()
	last = last % #requests + 1
	return requests[last]
end
