package space_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/space"
)

func TestRequestsAreWrittenForPeopleAndShells(t *testing.T) {
	tests := map[string]struct {
		request      space.Request
		line, script string
	}{
		"plain": {
			space.Request{Host: "a.test", Method: "GET", Path: "/users/0"},
			"GET a.test/users/0", "curl 'http://a.test/users/0'",
		},
		"with all": {
			space.Request{
				Host: "a.test", Method: "PUT", Path: "/a'b",
				Header:  []space.Field{{Name: "x", Value: "it's"}, {Name: "y", Value: ""}, {Name: "z", Value: "a, b"}},
				Query:   []space.Field{{Name: "", Value: "é"}, {Name: "a b", Value: "&=+%"}},
				Without: []string{"accept", "cookie"},
			},
			`PUT a.test/a'b?=%C3%A9&a%20b=%26%3D%2B%25 with x: it's, y: "", z: "a, b" without accept, cookie`,
			`curl -X 'PUT' -H 'x: it'\''s' -H 'y;' -H 'z: a, b' -H 'accept:' 'http://a.test/a'\''b?=%C3%A9&a%20b=%26%3D%2B%25'`,
		},
		"bytes": {
			space.Request{Host: "a.test", Method: "HEAD", Path: "/", Header: []space.Field{{Name: "x", Value: "a\t\xff'\\"}}},
			`HEAD a.test/ with x: "a\t\xff'\\"`, `curl --head -H $'x: a\x09\xff\'\\' 'http://a.test/'`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.line, test.request.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.script, test.request.Curl("http")); diff != "" {
				t.Errorf("curl (-want +got):\n%s", diff)
			}
		})
	}
}
