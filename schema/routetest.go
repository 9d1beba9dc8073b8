package schema

// A Test is a request and what is to come of it. Tests are for people: [Gateway.Resolve] leaves them out.
type Test struct {
	Description string      `json:"description,omitempty"`
	Request     TestRequest `json:"request"`
	Want        TestWant    `json:"want"`
}

// A TestRequest is a request as a client sends it. Without a method it is a GET, without a client it comes from
// 192.0.2.1.
type TestRequest struct {
	Method   string            `json:"method,omitempty"`
	URL      string            `json:"url"`
	Headers  map[string]string `json:"headers,omitempty"`
	Client   string            `json:"client,omitempty"`
	Consumer string            `json:"consumer,omitempty"`
	// Claims are nil where the caller has no token.
	Claims map[string]JSON `json:"claims,omitzero"`
}

// A TestWant is what a request is to meet. What is not set is not compared.
type TestWant struct {
	Route           string                `json:"route,omitempty"`
	None            bool                  `json:"none,omitempty"`
	Status          int                   `json:"status,omitempty"`
	Backends        map[string]float64    `json:"backends,omitempty"` // shares in percent
	ResponseHeaders map[string]ValueMatch `json:"responseHeaders,omitempty"`
	Upstream        *TestUpstream         `json:"upstream,omitempty"`
	Limit           string                `json:"limit,omitempty"`
	Settings        *TestSettings         `json:"settings,omitempty"`
}

// TestSettings are what a route is to be made of. What is not set must not be there.
type TestSettings struct {
	Match    *Match    `json:"match,omitempty"`
	Rewrite  *Rewrite  `json:"rewrite,omitempty"`
	Redirect *Redirect `json:"redirect,omitempty"`
	Respond  *Respond  `json:"respond,omitempty"`
	Filters
}

// A TestUpstream is the request that a backend is to get.
type TestUpstream struct {
	Path    string                `json:"path,omitempty"`
	Host    string                `json:"host,omitempty"`
	Headers map[string]ValueMatch `json:"headers,omitempty"`
}
