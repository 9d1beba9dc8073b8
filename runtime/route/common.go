package route

import (
	"maps"
	"reflect"
	"slices"

	"gwc.dev/schema"
)

// A common holds the filters of the route before. Routes come sorted by API, and most of those of an API inherit what
// they have: in a table they share it, however often the model has it. It keeps the memory of a table that was
// decoded, where each route has copies of its own, near to that of its routes.
type common schema.Filters

// share puts what equals the route before's in the place of f's own.
func (c *common) share(f *schema.Filters) {
	shareOne(&c.Auth, &f.Auth, same)
	shareOne(&c.RateLimit, &f.RateLimit, sameLimit)
	shareOne(&c.CORS, &f.CORS, same)
	shareOne(&c.Headers, &f.Headers, sameHeaders)
	shareOne(&c.Retry, &f.Retry, same)
}

func shareOne[F any](last, its **F, same func(a, b *F) bool) {
	switch {
	case *its == nil || *its == *last:
	case *last != nil && same(*last, *its):
		*its = *last
	default:
		*last = *its
	}
}

func same[F any](a, b *F) bool { return reflect.DeepEqual(a, b) }

// sameLimit is same, which takes long for maps.
func sameLimit(a, b *schema.RateLimit) bool {
	type fields struct { // all that there are: one more, and the conversion does not compile
		Disabled bool
		Windows  map[string]schema.RateLimitWindow
	}
	x, y := fields(*a), fields(*b)
	return x.Disabled == y.Disabled && maps.Equal(x.Windows, y.Windows)
}

// sameHeaders is same, as above.
func sameHeaders(a, b *schema.Headers) bool {
	type fields struct {
		Disabled          bool
		Request, Response *schema.HeaderChange
	}
	x, y := fields(*a), fields(*b)
	return x.Disabled == y.Disabled && sameChange(x.Request, y.Request) && sameChange(x.Response, y.Response)
}

func sameChange(a, b *schema.HeaderChange) bool {
	type fields struct {
		Set, Add map[string]string
		Remove   []string
	}
	if a == nil || b == nil {
		return a == b
	}
	x, y := fields(*a), fields(*b)
	return maps.Equal(x.Set, y.Set) && maps.Equal(x.Add, y.Add) && slices.Equal(x.Remove, y.Remove)
}
