package main

import "testing"

func TestTheMachinesTimeIsSplit(t *testing.T) {
	const stat = "cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 2 3 4 5 6 7 8 9 9\n"
	if got, err := readStat(stat); err != nil || got != (ticks{busy: 10 + 20 + 30 + 6 + 7 + 8, idle: 450}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "intr 1 2 3 4 5 6\n", "cpu 1 2 3 4 x 6\n"} {
		if got, err := readStat(bad); err == nil {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
}
