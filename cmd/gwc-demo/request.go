package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A request is one line of the story.
type request struct {
	what    string
	method  string
	path    string
	headers []string
	status  int // the answer that must come
}

// shown are the headers of answers that the story shows.
var shown = []string{
	"Content-Type", "Location", "WWW-Authenticate", "RateLimit", "Retry-After", "X-Api-Gateway",
	"Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
}

// try sends a request and prints it with its answer; another status than the expected one is an error.
func (d *demo) try(r request) error {
	req, err := http.NewRequestWithContext(d.ctx, r.method, "http://"+d.gateway+r.path, nil)
	if err != nil {
		return err
	}
	line := r.method + " " + r.path
	for _, h := range r.headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
		if len(value) > 32 {
			value = value[:28] + "..."
		}
		line += fmt.Sprintf("  %s: %s", name, value)
	}
	fmt.Printf("\n# %s\n> %s\n", r.what, line)
	resp, err := http.DefaultTransport.RoundTrip(req) // redirects are answers here
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	fmt.Printf("< %s\n", resp.Status)
	for _, name := range shown {
		if v := resp.Header.Get(name); v != "" {
			fmt.Printf("< %s: %s\n", name, v)
		}
	}
	if text := strings.TrimSpace(string(body)); text != "" {
		fmt.Println(text)
	}
	if resp.StatusCode != r.status {
		return fmt.Errorf("%s: answered %d, expected %d", r.what, resp.StatusCode, r.status)
	}
	return nil
}
