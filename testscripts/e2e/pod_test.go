package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patient sends requests. One that is not answered is an error in the end, and not a test that hangs.
var patient = &http.Client{Timeout: time.Minute}

// A pod is a gwproxy.
type pod struct {
	*process
	http, admin string // addresses
}

// proxyStatus is what a proxy says of itself.
type proxyStatus struct {
	Ready  bool
	Active *struct {
		Revision, Origin string
		Serial           uint64
		Verified         bool
	}
	Refused *struct{ Reason, Message string }
	Source  struct{ LastError string }
	Trust   struct {
		Trusted []struct {
			Signer  string
			Expires *time.Time
		}
	}
}

func (p *pod) status() (s proxyStatus, err error) {
	answer, err := patient.Get("http://" + p.admin + "/status")
	if err != nil {
		return s, err
	}
	defer answer.Body.Close()
	return s, json.NewDecoder(answer.Body).Decode(&s)
}

// ready waits until the kubelet's probe succeeds.
func (p *pod) ready() {
	p.t.Helper()
	eventually(p.t, "a proxy is ready", func() error {
		answer, err := patient.Get("http://" + p.admin + "/readyz")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(answer.Body)
			return fmt.Errorf("status %d: %s", answer.StatusCode, body)
		}
		return nil
	})
}

// appKey is the API key of the consumer.
const appKey = "an-app-key"

// ask sends a request as the consumer and returns the body of the answer.
func (p *pod) ask() (string, error) { return p.askWith(appKey) }

// askWith sends a request with an API key.
func (p *pod) askWith(key string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.http+"/hello", nil)
	if err != nil {
		return "", err
	}
	r.Host = "api.example.com"
	r.Header.Set("Apikey", key)
	answer, err := patient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return "", err
	case answer.StatusCode != http.StatusOK:
		return "", fmt.Errorf("status %d", answer.StatusCode)
	}
	return string(body), nil
}
