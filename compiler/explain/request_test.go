package explain_test

import (
	"testing"

	"gwc.dev/compiler/explain"
)

func TestReadSaysWhatIsNoRequest(t *testing.T) {
	const good = "http://a.test/"
	for _, tt := range []struct {
		method, url, field, client, want string
	}{
		{"", good, "", "", `"" is no method`},
		{"G T", good, "", "", `"G T" is no method`},
		{"GÉT", good, "", "", `"GÉT" is no method`},
		{"CONNECT", good, "", "", "the proxy refuses CONNECT with 405: it opens no tunnels"},
		{"GET", "/path", "", "", `"/path" is no URL of a gateway: write for instance https://api.example.com/path`},
		{"GET", "ftp://a.test/", "", "", `"ftp://a.test/" is no URL of a gateway: write for instance https://api.example.com/path`},
		{"GET", "http:///x", "", "", `"http:///x" is no URL of a gateway: write for instance https://api.example.com/path`},
		{"GET", "http://u:p@a.test/", "", "",
			"the URL has user information, which no client sends as such: write -H 'authorization: Basic ...'"},
		{"GET", "http://a.test/x#y", "", "",
			`"http://a.test/x#y" has a fragment, which no client sends: leave out what begins with # (a # in a path is %23)`},
		{"GET", "http://bücher.test/", "", "", `the proxy refuses host "bücher.test" with 400: write it as DNS has it, xn--...`},
		{"GET", "http://a..test/", "", "", `the proxy refuses host "a..test" with 400`},
		{"GET", "http://a.test:65536/", "", "", `the proxy refuses host "a.test:65536" with 400`},
		{"GET", "http://[::1/", "", "", `the proxy refuses host "[::1" with 400`},
		{"GET", "http://a.test/%zz", "", "", `the proxy refuses path "/%zz" with 400: an escape is broken, or it could be read in more than one way`},
		{"GET", "http://a.test/a/..%2fb", "", "", `the proxy refuses path "/a/..%2fb" with 400: an escape is broken, or it could be read in more than one way`},
		{"GET", good, "nothing", "", `-H: "nothing" is no header field, as 'x-version: v2' is one`},
		{"GET", good, "a b: c", "", `-H: "a b: c" is no header field, as 'x-version: v2' is one`},
		{"GET", good, "a : c", "", `-H: "a : c" is no header field, as 'x-version: v2' is one`},
		{"GET", good, "a: b\r\nc: d", "", `-H: "a: b\r\nc: d" has a control character, which the proxy refuses with 400`},
		{"GET", good, "Host:", "", "-H: the proxy refuses an empty host with 400"},
		{"GET", good, "Host: a/b", "", `the proxy refuses host "a/b" with 400`},
		{"GET", good, "content_length: 1", "", "-H: the proxy refuses field content_length with 400: backends may take it for one that frames a body"},
		{"GET", good, "connection: close", "", "-H: connection is the connection's own field: no route and no filter sees it"},
		{"GET", good, "", "here", `--client: "here" is no IP address`},
	} {
		var fields []string
		if tt.field != "" {
			fields = append(fields, tt.field)
		}
		client := "192.0.2.1"
		if tt.client != "" {
			client = tt.client
		}
		if _, err := explain.Read(tt.method, tt.url, fields, client); err == nil || err.Error() != tt.want {
			t.Errorf("%s %s %q: %v\nwant %s", tt.method, tt.url, tt.field, err, tt.want)
		}
	}
}

func TestReadTakesEverySpelling(t *testing.T) {
	for _, url := range []string{
		"HTTP://A.test", "http://a.test?q", "http://[::1]:8080/x", "http://a.test:/x", "http://a_b.test./x", "http://a.test/a b", "http://a.test/é?é",
	} {
		if _, err := explain.Read("get", url, []string{"x-a:", "x-a: b", "Host: other.test:1"}, "::1"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
