package e2e_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is propagated: a bundle of so many routes, to proxies that look for something new every second.
const (
	allRoutes = 5000
	interval  = time.Second
)

// BenchmarkPropagation measures the time from the push's end until proxies on this machine serve what was pushed.
func BenchmarkPropagation(b *testing.B) {
	for _, fleet := range []int{1, 50} {
		b.Run(fmt.Sprint("proxies=", fleet), func(b *testing.B) { benchmarkPropagation(b, fleet) })
	}
}

func benchmarkPropagation(b *testing.B, fleet int) {
	r := newRegistry(b)
	to := newTeam(b, r)
	grow := func(text string) {
		to.commit(text)
		to.write("environments/many.cue", fmt.Sprintf(`package gateway

import "list"

apis: many: {
	owner: "my-team"
	hosts: ["many.example.com"]
	auth: apiKey: header: "apikey"
	routes: {
		for i in list.Range(0, %d, 1) {
			"r\(i)": {match: {path: prefix: "/r\(i)", methods: ["GET"]}, respond: {status: 200, body: %q}}
		}
	}
}
`, allRoutes, text))
	}
	grow("start")
	to.push("production", "gwc")
	secrets := filepath.Join(b.TempDir(), "app")
	if err := errors.Join(os.MkdirAll(secrets, 0o755), os.WriteFile(filepath.Join(secrets, "api-key"), []byte(appKey), 0o600)); err != nil {
		b.Fatal(err)
	}
	var pods []*pod
	for range fleet {
		p := &pod{http: freeAddress(b), admin: freeAddress(b)}
		p.process = start(b, filepath.Join(bin, "gwproxy"), []string{"GOMAXPROCS=1"},
			"--source=oci://"+r.address+"/gateway/production:production", "--key="+filepath.Join(to.dir, "..", "gwc.pub"),
			"--secrets-dir="+filepath.Dir(secrets), "--listen=http="+p.http, "--admin="+p.admin, "--poll-interval="+interval.String(), "--access-log=off")
		pods = append(pods, p)
	}
	all := func(serial uint64) []float64 {
		began := time.Now()
		times := make([]float64, len(pods))
		for i, p := range pods {
			at := p.servingSince(serial)
			for ; at.IsZero(); at = p.servingSince(serial) {
				if time.Since(began) > time.Minute {
					b.Fatalf("%s serves no serial %d", p.admin, serial)
				}
				time.Sleep(100 * time.Millisecond)
			}
			times[i] = at.Sub(began).Seconds()
		}
		return times
	}
	all(to.serial)
	var each, last []float64
	for b.Loop() {
		b.StopTimer()
		grow(fmt.Sprintf("change %d", to.serial))
		to.push("production", "gwc")
		b.StartTimer()
		times := all(to.serial)
		each = append(each, times...)
		last = append(last, slices.Max(times))
	}
	slices.Sort(each)
	slices.Sort(last)
	b.ReportMetric(quantile(each, 0.5), "s/proxy-p50")
	b.ReportMetric(quantile(each, 0.99), "s/proxy-p99")
	b.ReportMetric(quantile(last, 0.5), "s/last-p50")
	b.ReportMetric(quantile(last, 0.99), "s/last-p99")
}

// servingSince returns when the proxy says that it began to serve a serial; zero: not yet. It reads the log, since fifty
// proxies that are asked for their status all the time have little left to do their work with.
func (p *pod) servingSince(serial uint64) time.Time {
	data, err := os.ReadFile(p.process.log)
	if err != nil {
		p.process.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, " msg=serving ") && strings.Contains(line, fmt.Sprintf(" serial=%d ", serial)) {
			said, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
			at, err := time.Parse(time.RFC3339Nano, said)
			if err != nil {
				p.process.t.Fatal(err)
			}
			return at
		}
	}
	return time.Time{}
}

// quantile returns a quantile of sorted values.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(len(sorted)-1, int(math.Ceil(q*float64(len(sorted))))-1)]
}
