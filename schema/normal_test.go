package schema_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"gwc.dev/schema"
)

func TestNormalizePath(t *testing.T) {
	tests := []struct{ path, want string }{ // want "": refused
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"/a/b/", "/a/b/"},
		{"//", "/"},
		{"//a///b//", "/a/b/"},
		{"/a//../b", "/b"},
		{"/a/./b", "/a/b"},
		{"/a/b/.", "/a/b/"},
		{"/a/b/..", "/a/"},
		{"/a/b/../", "/a/"},
		{"/..", "/"},
		{"/../../a", "/a"},
		{"/a/%2e%2E/b", "/b"},
		{"/a/.%2e/b", "/b"},
		{"/%7Euser/%41", "/~user/A"},
		{"/a%c3%a9", "/a%C3%A9"},
		{"/a\u00e9", "/a%C3%A9"},
		{"/a%2fb", "/a%2Fb"},
		{"/a%5cb", "/a%5Cb"},
		{"/a%20b", "/a%20b"},
		{"/a|b", "/a%7Cb"},
		{"/a[1]", "/a%5B1%5D"},
		{"/a;v=1/b", "/a;v=1/b"},
		{"/a;..", "/a;.."},
		{"/.well-known/x", "/.well-known/x"},
		{"/...", "/..."},
		{"/..a/.b", "/..a/.b"},
		{"/a%252e", "/a%252e"},
		{"", ""},
		{"a", ""},
		{"*", ""},
		{"/%", ""},
		{"/%2", ""},
		{"/%zz", ""},
		{"/%00", ""},
		{"/%0d%0a", ""},
		{"/%7f", ""},
		{"/a\x00", ""},
		{"/a b", ""},
		{"/a\tb", ""},
		{"/a\\b", ""},
		{"/a#b", ""},
		{"/a?b", ""},
		{"/a/..%2fb", ""},
		{"/a/%2e%2e%2fb", ""},
		{"/a%2f..", ""},
		{"/a%5C..%5Cb", ""},
		{"/..;a/b", ""},
		{"/a/.;/b", ""},
		{"/..%3Ba/b", ""},
		{"/x%2f..;a", ""},
	}
	for _, test := range tests {
		got, ok := schema.NormalizePath(test.path)
		if ok != (test.want != "") || ok && got != test.want {
			t.Errorf("NormalizePath(%q) = %q, %v, want %q", test.path, got, ok, test.want)
		}
	}
}

func TestNormalPathsCostNoAllocation(t *testing.T) {
	for _, path := range []string{"/", "/api/v1/users/42", "/a%20b/%C3%A9;x=1"} {
		if n := testing.AllocsPerRun(100, func() { schema.NormalizePath(path) }); n != 0 {
			t.Errorf("NormalizePath(%q) allocates %v times", path, n)
		}
	}
}

// FuzzNormalizePath compares with net/url's decoding and a plain reading of the segments.
func FuzzNormalizePath(f *testing.F) {
	for _, path := range []string{"/", "/a/../b/", "//%2e%2e/%41%2f..;/", "/..%5c", "/a;../%3b", "/é|", "/%7f%25", "/a/.%2E//"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, ok := schema.NormalizePath(path)
		if !ok {
			return
		}
		again, ok := schema.NormalizePath(got)
		if !ok || again != got {
			t.Fatalf("NormalizePath(%q) = %q, of which the normal form is %q, %v", path, got, again, ok)
		}
		if got[0] != '/' || strings.Contains(got, "//") || strings.ContainsAny(got, "\\?# ") {
			t.Fatalf("NormalizePath(%q) = %q", path, got)
		}
		want := segments(t, path)
		if diff := segments(t, got); !slices.Equal(diff, want) {
			t.Fatalf("NormalizePath(%q) = %q, with segments %q, want %q", path, got, diff, want)
		}
		for segment := range strings.SplitSeq(got, "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("NormalizePath(%q) = %q has a dot segment", path, got)
			}
		}
	})
}

// segments is the oracle: the decoded segments of a path, with dot segments resolved; the last one is empty
// where the path ends in a slash.
func segments(t *testing.T, path string) []string {
	raw := strings.Split(path, "/")[1:]
	var out []string
	for i, s := range raw {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			t.Fatalf("%q was accepted: %v", path, err)
		}
		switch decoded {
		case "", ".":
		case "..":
			out = out[:max(len(out)-1, 0)]
		default:
			out = append(out, decoded)
			continue
		}
		if i == len(raw)-1 {
			out = append(out, "")
		}
	}
	return out
}
