package diff

import "gwc.dev/schema"

// stateLimits gives the listeners of two resolved models the limits that are in force, where only one of the models
// states them: what is stated anew may be what was so before.
func stateLimits(old, new *schema.Gateway) {
	for name, before := range old.Listeners {
		after, ok := new.Listeners[name]
		if !ok || (before.Limits == nil) == (after.Limits == nil) {
			continue
		}
		for _, side := range []struct {
			model    *schema.Gateway
			listener schema.Listener
		}{{old, before}, {new, after}} {
			limits := side.listener.Limits.Filled()
			side.listener.Limits = &limits
			side.model.Listeners[name] = side.listener
		}
	}
}
