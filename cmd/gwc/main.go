// Command gwc compiles and validates API gateway configuration. See docs/ for what each verb does; `gwc help`
// lists them.
package main

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{
		in:     os.Stdin,
		out:    os.Stdout,
		err:    os.Stderr,
		getenv: os.LookupEnv,
		now:    clock(os.Getenv("SOURCE_DATE_EPOCH")),
	}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// clock returns the clock that waivers expire by: that of the machine, or the moment that SOURCE_DATE_EPOCH fixes in
// Unix seconds (https://reproducible-builds.org/specs/source-date-epoch), so that old revisions can be judged as then.
func clock(epoch string) func() time.Time {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Now
	}
	return func() time.Time { return time.Unix(seconds, 0) }
}
