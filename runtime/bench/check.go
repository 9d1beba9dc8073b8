package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// await asks until the answer is the one that is wanted, and says what is wrong with it after half a minute.
func (l *load) await(ctx context.Context) error {
	client := l.client()
	defer client.CloseIdleConnections()
	end := time.Now().Add(30 * time.Second)
	for {
		err := l.check(ctx, client)
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// client speaks the load's protocol, and to proxies whose certificate is of the benchmark's own.
func (l *load) client() *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!l.http2)
	protocols.SetHTTP2(l.http2)
	protocols.SetUnencryptedHTTP2(l.http2)
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}},
	}
}

// check asks once, and compares status, length and gRPC's status.
func (l *load) check(ctx context.Context, client *http.Client) error {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if l.body != "" {
		method, body = http.MethodPost, strings.NewReader(l.body)
	}
	request, err := http.NewRequestWithContext(ctx, method, l.url, body)
	if err != nil {
		return err
	}
	for _, header := range l.headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	request.Host = request.Header.Get("Host")
	request.Header.Del("Host")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", l.url, err)
	}
	if answer.StatusCode/100 != 2 || len(got) != l.want {
		return fmt.Errorf("%s: status %d with %d bytes, want 2xx with %d", l.url, answer.StatusCode, len(got), l.want)
	}
	for name, want := range l.fields {
		if got := answer.Header.Get(name); got != want && (got == "" || want != "*") {
			return fmt.Errorf("%s: %s is %q, want %q", l.url, name, got, want)
		}
	}
	if status := answer.Trailer.Get("Grpc-Status"); request.Header.Get("Te") == "trailers" && status != "0" {
		return fmt.Errorf("%s: gRPC status %q, want 0", l.url, status)
	}
	return nil
}
