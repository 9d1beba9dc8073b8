package archive_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema/bundle/archive"
)

func TestUnpackGivesBackWhatWasPacked(t *testing.T) {
	files := []archive.File{{Name: "b.json", Data: []byte("{}")}, {Name: "a/c.json", Data: []byte{}}}
	packed, err := archive.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	got, err := archive.Unpack(packed, archive.Limits{Packed: 1 << 20, Unpacked: 1 << 20, Files: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestBoundsHold(t *testing.T) {
	packed, err := archive.Pack([]archive.File{{Name: "a", Data: make([]byte, 10_000)}, {Name: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	roomy := archive.Limits{Packed: len(packed), Unpacked: 1 << 20, Files: 2}
	if _, err := archive.Unpack(packed, roomy); err != nil {
		t.Fatal(err)
	}
	tests := map[archive.Limits]archive.Fault{
		{Packed: len(packed) - 1, Unpacked: 1 << 20, Files: 2}: archive.TooLarge,
		{Packed: len(packed), Unpacked: 10_000, Files: 2}:      archive.TooLarge,
		{Packed: len(packed), Unpacked: 1 << 20, Files: 1}:     archive.TooManyEntries,
	}
	for limits, want := range tests {
		if _, err := archive.Unpack(packed, limits); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", limits, err, want)
		}
	}
}

func TestPackRefusesNamesThatUnpackWould(t *testing.T) {
	for _, files := range [][]archive.File{{{Name: "../a"}}, {{Name: "/a"}}, {{Name: ""}}, {{Name: "."}}, {{Name: "a"}, {Name: "a"}}} {
		if _, err := archive.Pack(files); err == nil {
			t.Errorf("packed %v", files)
		}
	}
}
