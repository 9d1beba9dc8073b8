package space_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/space"
)

func TestAnIndexHasWhatMeets(t *testing.T) {
	left, met := 0, 0
	for seed := range uint64(20) {
		w := world{rand.New(rand.NewPCG(seed, 5)), false}
		s := space.New(0)
		var all []*space.Match
		for range 40 {
			host, m := w.match()
			all = append(all, match(t, s, host, m))
		}
		index := space.NewIndex(all)
		for i, one := range all {
			meeting := index.Meeting(one)
			before := slices.DeleteFunc(slices.Clone(meeting), func(j int) bool { return j >= i })
			if got := index.MeetingBefore(one, i); !slices.Equal(got, before) {
				t.Errorf("seed %d: before %d: %v, want %v", seed, i, got, before)
			}
			for j, other := range all {
				switch listed := slices.Contains(meeting, j); {
				case listed:
					met++
				case s.Find([]*space.Match{one, other}, nil).Verdict != space.Empty:
					t.Errorf("seed %d: %d and %d meet", seed, i, j)
				default:
					left++
				}
			}
		}
	}
	if left < 4*1000 || met < 4*1000 {
		t.Errorf("%d pairs may meet, %d do not", met, left)
	}
}

func TestAnIndexLeavesOutWhatIsElsewhere(t *testing.T) {
	s := space.New(0)
	sets := []set{
		{},
		{prefix: "/users"},
		{exact: "/users/1"},
		{regex: "/users/[0-9]+/edit"},
		{regex: "(?i)/users"},
		{prefix: "/orders"},
		{host: "a.test", prefix: "/users/2"},
		{host: "*.test", prefix: "/"},
		{host: "*.a.test"},
		{host: "b.test"},
		{exact: "/users/"},
	}
	var all []*space.Match
	for _, one := range sets {
		all = append(all, match(t, s, one.host, one.match()))
	}
	want := [][]int{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		{0, 1, 2, 3, 4, 6, 7, 8, 9, 10},
		{0, 1, 2, 4, 7, 8, 9},
		{0, 1, 2, 3, 4, 6, 7, 8, 9, 10},
		{0, 1, 4, 7, 8, 9},
		{0, 5, 7, 8, 9},
		{0, 1, 3, 4, 6, 7},
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		{0, 1, 2, 3, 4, 5, 7, 8, 10},
		{0, 1, 2, 3, 4, 5, 7, 9, 10},
		{0, 1, 4, 7, 8, 9, 10},
	}
	index := space.NewIndex(all)
	var got [][]int
	for _, one := range all {
		got = append(got, index.Meeting(one))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
