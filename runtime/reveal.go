package runtime

// headerRoute names the route that took a request, where [Options.RevealRoute] says so.
const headerRoute = "Gwproxy-Route"

// reveal adds the route's name to the answer: "none" where no route took the request. A backend's own word for it does
// not count.
func (v *visit) reveal() {
	if !v.server.o.RevealRoute {
		return
	}
	name := "none"
	if v.route != nil {
		name = v.route.api + "/" + v.route.name
	}
	v.x.Response.Header.Set(headerRoute, name)
}
