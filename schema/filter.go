package schema

import (
	"encoding/json"
	"fmt"
)

// Filters are traffic behaviour. In a resolved model they stand at routes only.
type Filters struct {
	Auth      *Auth      `json:"auth,omitempty"`
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
	CORS      *CORS      `json:"cors,omitempty"`
	Headers   *Headers   `json:"headers,omitempty"`
	Timeout   Duration   `json:"timeout,omitempty"`
	// MaxBodyBytes is 0 where there is no bound.
	MaxBodyBytes int    `json:"maxBodyBytes,omitempty"`
	Retry        *Retry `json:"retry,omitempty"`
}

// Auth says who may call.
type Auth struct {
	Disabled bool        `json:"disabled,omitempty"`
	APIKey   *APIKeyAuth `json:"apiKey,omitempty"`
	JWT      *JWTAuth    `json:"jwt,omitempty"`
	Allow    *Allow      `json:"allow,omitempty"`
}

// Allow narrows the recognised callers to some.
type Allow struct {
	Consumers []string `json:"consumers,omitempty"`
	Groups    []string `json:"groups,omitempty"`
}

// APIKeyAuth recognises consumers by their API keys.
type APIKeyAuth struct {
	Header  string `json:"header,omitempty"`
	Query   string `json:"query,omitempty"`
	Forward bool   `json:"forward,omitempty"`
}

// JWTAuth accepts JSON Web Tokens.
type JWTAuth struct {
	Issuer         string            `json:"issuer"`
	Audiences      []string          `json:"audiences,omitempty"`
	JWKS           JWKS              `json:"jwks"`
	Algorithms     []string          `json:"algorithms,omitempty"`
	Header         string            `json:"header,omitempty"`
	RequiredClaims map[string]JSON   `json:"requiredClaims,omitempty"`
	ForwardClaims  map[string]string `json:"forwardClaims,omitempty"`
	Forward        bool              `json:"forward,omitempty"`
	ConsumerClaim  string            `json:"consumerClaim,omitempty"`
	GroupsClaim    string            `json:"groupsClaim,omitempty"`
	ClockSkew      *Duration         `json:"clockSkew,omitempty"`
}

// A JWKS is where an issuer's keys come from: exactly one of its fields is set.
type JWKS struct {
	URL    string `json:"url,omitempty"`
	Inline JSON   `json:"inline,omitempty"`
}

// A RateLimit is a set of windows by name. In JSON and CUE the windows stand beside "disabled".
type RateLimit struct {
	Disabled bool
	Windows  map[string]RateLimitWindow
}

// MarshalJSON puts the windows beside "disabled".
func (r RateLimit) MarshalJSON() ([]byte, error) {
	if !r.Disabled {
		if r.Windows == nil {
			return []byte("{}"), nil
		}
		return json.Marshal(r.Windows)
	}
	out := map[string]any{"disabled": true}
	for name, w := range r.Windows {
		out[name] = w
	}
	return json.Marshal(out)
}

// UnmarshalJSON is the inverse of [RateLimit.MarshalJSON]; it refuses fields that it does not know.
func (r *RateLimit) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	*r = RateLimit{}
	for name, raw := range fields {
		if name == "disabled" {
			if err := json.Unmarshal(raw, &r.Disabled); err != nil {
				return fmt.Errorf("disabled: %w", err)
			}
			continue
		}
		var w RateLimitWindow
		if err := UnmarshalStrict(raw, &w); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if r.Windows == nil {
			r.Windows = map[string]RateLimitWindow{}
		}
		r.Windows[name] = w
	}
	return nil
}

// A RateLimitWindow is a token bucket.
type RateLimitWindow struct {
	Requests int    `json:"requests"`
	Per      string `json:"per"`
	By       string `json:"by"`
	Header   string `json:"header,omitempty"`
	Burst    int    `json:"burst,omitempty"`
	Scope    string `json:"scope,omitempty"`
}

// CORS is the Fetch standard's CORS protocol.
type CORS struct {
	Disabled      bool     `json:"disabled,omitempty"`
	Origins       []string `json:"origins,omitempty"`
	Methods       []string `json:"methods,omitempty"`
	AllowHeaders  []string `json:"allowHeaders,omitempty"`
	ExposeHeaders []string `json:"exposeHeaders,omitempty"`
	Credentials   bool     `json:"credentials,omitempty"`
	MaxAge        Duration `json:"maxAge,omitempty"`
}

// Headers changes header fields of requests and responses.
type Headers struct {
	Disabled bool          `json:"disabled,omitempty"`
	Request  *HeaderChange `json:"request,omitempty"`
	Response *HeaderChange `json:"response,omitempty"`
}

// A HeaderChange removes fields, then sets some, then adds some.
type HeaderChange struct {
	Set    map[string]string `json:"set,omitempty"`
	Add    map[string]string `json:"add,omitempty"`
	Remove []string          `json:"remove,omitempty"`
}

// Retry tries a request again that a backend failed to answer.
type Retry struct {
	Disabled      bool     `json:"disabled,omitempty"`
	Attempts      int      `json:"attempts,omitempty"`
	On            []string `json:"on,omitempty"`
	PerTryTimeout Duration `json:"perTryTimeout,omitempty"`
	Methods       []string `json:"methods,omitempty"`
	Backoff       Duration `json:"backoff,omitempty"`
}
