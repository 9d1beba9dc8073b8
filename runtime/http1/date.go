package http1

import (
	"sync/atomic"
	"time"
)

// dates make the Date field, once a second.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64
	field  string // "Date: ...\r\n"
}

func (d *dates) at(now time.Time) string {
	second := now.Unix()
	if last := d.last.Load(); last != nil && last.second == second {
		return last.field
	}
	next := &date{second, "Date: " + now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n"}
	d.last.Store(next)
	return next.field
}
