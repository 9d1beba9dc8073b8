package http1_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/http1"
)

// A pacedBody gives so many bytes a read, or all that there is room for, and notes the room.
type pacedBody struct {
	rest  io.Reader
	gives []int // 0: what there is room for
	rooms []int
}

func (p *pacedBody) Read(b []byte) (int, error) {
	p.rooms = append(p.rooms, len(b))
	if n := p.gives[0]; n > 0 {
		b = b[:n]
	}
	p.gives = p.gives[1:]
	return io.ReadFull(p.rest, b)
}

func TestOnlyFastBodiesGetAHugeBuffer(t *testing.T) {
	const k = 1 << 10
	for name, test := range map[string]struct {
		length       int
		gives, rooms []int
	}{
		"short":            {60 * k, []int{0}, []int{60 * k}},
		"with little left": {100 * k, []int{0, 0}, []int{64 * k, 36 * k}},
		"long":             {600 * k, []int{0, 0, 0, 0}, []int{64 * k, 256 * k, 256 * k, 24 * k}},
		"slow at first": {
			400 * k, []int{1, 63 * k, 0, 0, 0}, []int{64 * k, 64 * k, 64 * k, 256 * k, 17*k - 1},
		},
		"slow for a while": {
			800 * k, []int{0, 0, 100 * k, 1, 64*k - 1, 0, 0},
			[]int{64 * k, 256 * k, 256 * k, 256 * k, 64 * k, 64 * k, 252 * k},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := make([]byte, test.length)
			for i := range want {
				want[i] = byte(i % 251)
			}
			var got bytes.Buffer
			body := &pacedBody{rest: bytes.NewReader(want), gives: test.gives}
			w := http1.NewWriter(&got, nil)
			if err := w.WriteBody(body, int64(test.length), &http1.Meta{}, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.rooms, body.rooms); diff != "" {
				t.Errorf("room for the reads (-want +got):\n%s", diff)
			}
			if !bytes.Equal(want, got.Bytes()) {
				t.Errorf("%d bytes arrived, or not those of the body's %d", got.Len(), test.length)
			}
		})
	}
}
