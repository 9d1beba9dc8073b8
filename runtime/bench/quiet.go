package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// A turn begins when nobody else has used more than busyShare of the cores for a glance, or after quietPatience: what a
// request costs depends on what else disturbs caches and delays work.
const (
	busyShare     = 0.1
	glance        = 250 * time.Millisecond
	quietPatience = 5 * time.Second
)

// awaitQuiet waits for a machine with nothing to do, and says whether it got it.
func awaitQuiet(ctx context.Context) (bool, error) {
	for end := time.Now().Add(quietPatience); time.Now().Before(end) && ctx.Err() == nil; {
		before, err := machineTime()
		if err != nil {
			return false, err
		}
		time.Sleep(glance)
		after, err := machineTime()
		if err != nil {
			return false, err
		}
		busy, idle := after.busy-before.busy, after.idle-before.idle
		if float64(busy) <= busyShare*float64(busy+idle) {
			return true, nil
		}
	}
	return false, ctx.Err()
}

// ticks are the time of all cores together, in the kernel's clock ticks.
type ticks struct{ busy, idle int64 }

func machineTime() (ticks, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return ticks{}, err
	}
	return readStat(string(data))
}

// readStat reads the first line of /proc/stat: cpu, and then user, nice, system, idle, iowait and others.
func readStat(text string) (ticks, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[0] != "cpu" {
		return ticks{}, errors.New("/proc/stat: no line of all cores")
	}
	var sum ticks
	for i, field := range fields[1:min(len(fields), 9)] { // what follows, guests' time, is in user already
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return ticks{}, err
		}
		if i == 3 || i == 4 {
			sum.idle += n
		} else {
			sum.busy += n
		}
	}
	return sum, nil
}
