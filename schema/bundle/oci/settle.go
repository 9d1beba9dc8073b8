package oci

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	maxRounds = 10
	minPause  = 50 * time.Millisecond // machines that have much to do are slower than they were just now
	maxPause  = 2 * time.Second
)

// errCrowded says that what was written does not stay.
var errCrowded = errors.New("others sign it at the same time, and what each writes takes the place of what was there: sign it again")

// settle has something stand in a list that a registry cannot add to: it is read, and written with one entry more. Of two who
// do so at once the second to write knows nothing of the first. Therefore write, which reports whether it had to, is called
// until it had not, and in between as long is waited as anybody needs who has read what was there before. Only somebody who
// is much slower can still undo it.
func settle(ctx context.Context, write func() (bool, error)) error {
	for range maxRounds {
		began := time.Now()
		wrote, err := write()
		if err != nil || !wrote {
			return err
		}
		pause := max(2*time.Since(began), minPause)
		pause += time.Duration(rand.Float64() * float64(pause)) //nolint:gosec // so that not all write again at once
		if !sleep(ctx, min(pause, maxPause)) {
			return ctx.Err()
		}
	}
	return errCrowded
}
