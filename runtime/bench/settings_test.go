package main

import (
	"reflect"
	"testing"
)

func TestSettings(t *testing.T) {
	for name, test := range map[string]struct {
		env   map[string]string
		want  settings
		fails bool
	}{
		"none": {want: settings{only: caseNames, rounds: 5, seconds: 4, source: "../.."}},
		"all": {
			env: map[string]string{
				"ONLY": "plain,tls", "ROUNDS": "3", "SECONDS": "2", "SRC": "/src", "OUT": "out.json", "KEEP": "1",
			},
			want: settings{only: []string{"plain", "tls"}, rounds: 3, seconds: 2, source: "/src", out: "out.json", keep: true},
		},
		"no such case": {env: map[string]string{"ONLY": "plane"}, fails: true},
		"no round":     {env: map[string]string{"ROUNDS": "0"}, fails: true},
		"not a number": {env: map[string]string{"SECONDS": "4s"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readSettings(func(name string) string { return test.env[name] })
			if (err != nil) != test.fails {
				t.Fatalf("error %v, want one: %v", err, test.fails)
			}
			if err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
