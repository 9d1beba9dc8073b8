package http2

import (
	"sync/atomic"
	"time"
)

// dates make the Date field's value, once a second.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64
	value  string
}

func (d *dates) at(now time.Time) string {
	second := now.Unix()
	if last := d.last.Load(); last != nil && last.second == second {
		return last.value
	}
	next := &date{second, now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}
	d.last.Store(next)
	return next.value
}
