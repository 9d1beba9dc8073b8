// Command gwc compiles and validates API gateway configuration. See docs/ for what each verb does; `gwc help`
// lists them.
package main

import (
	"context"
	"os"
	"os/signal"
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
		now:    time.Now,
	}
	os.Exit(a.run(ctx, os.Args[1:]))
}
