package route

import (
	"reflect"

	"gwc.dev/schema"
)

// A common holds the filters of the route before. Routes come sorted by API, and most of those of an API inherit what
// they have: in a table they share it, however often the model has it. It keeps the memory of a table that was
// decoded, where each route has copies of its own, near to that of its routes.
type common schema.Filters

// share puts what equals the route before's in the place of f's own.
func (c *common) share(f *schema.Filters) {
	one(&c.Auth, &f.Auth)
	one(&c.RateLimit, &f.RateLimit)
	one(&c.CORS, &f.CORS)
	one(&c.Headers, &f.Headers)
	one(&c.Retry, &f.Retry)
}

func one[F any](last, its **F) {
	switch {
	case *its == nil:
	case reflect.DeepEqual(*last, *its):
		*its = *last
	default:
		*last = *its
	}
}
