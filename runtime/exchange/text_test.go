package exchange_test

import (
	"strconv"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
)

func TestTextKeepsItsStringsUntilReset(t *testing.T) {
	var text exchange.Text
	var got, want []string
	for i := range 1000 { // the memory grows on the way
		got = append(got, text.Concat("a", strconv.Itoa(i), "b"), text.Int(int64(-i)),
			text.Append(func(b []byte) []byte { return append(b, 'c') }))
		want = append(want, "a"+strconv.Itoa(i)+"b", strconv.Itoa(-i), "c")
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Error("a string has changed")
	}
	if s := text.Concat(); s != "" {
		t.Errorf("nothing is %q", s)
	}
}

func TestTextUsesItsMemoryAgain(t *testing.T) {
	var text exchange.Text
	if n := testing.AllocsPerRun(100, func() {
		text.Reset()
		_ = text.Concat("X-Forwarded-For", ": ", "127.0.0.1")
		_ = text.Int(12345)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
