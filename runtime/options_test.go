package runtime_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"gwc.dev/runtime"
	"gwc.dev/schema/bundle"
)

func TestWrongOptionsAreNamed(t *testing.T) {
	keys := []bundle.PublicKey{newKey(t).Public()}
	tests := map[string]struct {
		options runtime.Options
		want    string
	}{
		"no key":         {runtime.Options{Source: "file:x"}, "no public key"},
		"no source":      {runtime.Options{Keys: keys}, "no bundle source"},
		"unknown source": {runtime.Options{Keys: keys, Source: "ftp://x"}, `"ftp"`},
		"bad listener":   {runtime.Options{Keys: keys, Source: "file:x", Listen: map[string]string{"http": "8080"}}, `listener "http": "8080"`},
		"bad port":       {runtime.Options{Keys: keys, Source: "file:x", AdminAddr: "localhost:99999"}, `"localhost:99999"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := runtime.New(test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want it to name %q", err, test.want)
			}
		})
	}
}

func TestAnAdminPortInUseIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	server, err := runtime.New(runtime.Options{
		Keys: []bundle.PublicKey{newKey(t).Public()}, Bundles: make(feed), AdminAddr: taken.Addr().String(),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = server.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
}
