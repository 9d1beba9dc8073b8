package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckWaivers(t *testing.T) {
	run(t, []test{
		{"a day that does not exist", func(g *schema.Gateway) {
			g.Waivers = map[string]schema.Waiver{"w": {Expires: "2027-02-29"}, "ok": {Expires: "2028-02-29"}}
		}, []string{
			`error waiver-date waivers.w.expires: waiver "w" ends on "2027-02-29", which is no day`,
			`  help: write the last day that it holds as year, month and day: "2027-03-31"`,
		}},
	})
}
