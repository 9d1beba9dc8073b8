package exchange

import (
	"encoding/json"
	"strings"
)

// statusText holds the titles of the statuses that the gateway itself answers with.
var statusText = map[int]string{
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long", 421: "Misdirected Request",
	429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
	502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}

// Fail answers the exchange with a problem document (RFC 9457). reason is the one word for logs and metrics,
// detail a sentence for the caller that gives away nothing of the inside.
func (x *Exchange) Fail(status int, reason, detail string) {
	title := statusText[status]
	body, _ := json.Marshal(struct { // strings and an int: cannot fail
		Type     string `json:"type"`
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Detail   string `json:"detail,omitempty"`
		Instance string `json:"instance,omitempty"`
	}{"about:blank", title, status, detail, x.instance()})
	x.Answer(status, "application/problem+json", string(body)+"\n")
	x.Reason = reason
}

// Answer puts a whole response in place of whatever stood there.
func (x *Exchange) Answer(status int, contentType, body string) {
	x.Response = Response{Status: status, Length: int64(len(body))}
	if body != "" {
		x.Response.Header.Add("Content-Type", contentType)
		x.Response.Body = strings.NewReader(body)
	}
}

func (x *Exchange) instance() string {
	if x.ID == "" {
		return ""
	}
	return "urn:request:" + x.ID
}
