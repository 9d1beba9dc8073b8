// Package browser_test opens the pages that gwc writes in headless Chromium, as who reads them does.
package browser_test

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// gwc is the command.
var gwc string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gwc-browser-")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(dir)
	gwc = filepath.Join(dir, "gwc")
	build := exec.Command("go", "build", "-o", gwc, "./cmd/gwc")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("building gwc: %v\n%s", err, out)
		return 1
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		// That needs root.
		for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", "chromium"}} {
			cmd := exec.Command("apt-get", args...)
			cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if out, err := cmd.CombinedOutput(); err != nil {
				log.Printf("chromium is missing, and apt-get %v: %v\n%s", args, err, out)
				return 1
			}
		}
	}
	return m.Run()
}

// page writes a page with gwc in dir and returns its address.
func page(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(gwc, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gwc %v: %v", args, err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, out, 0o644); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: file}).String()
}

// hostileCUE has text in it that would like to be markup.
const hostileCUE = `package gateway

_text: "</title></style></script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"

environment: "dev"
listeners: http: port: 8080
apis: hello: routes: hostile: {
	description: _text
	match: {path: exact: "/hostile", headers: "x-a": exact: _text}
	respond: {status: 200, headers: "x-b": _text, body: _text}
}
`

// hostile makes a repository whose environment dev has it in a change.
func hostile(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gateway")
	do := func(dir, name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(),
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	do(".", gwc, "init", dir)
	do(dir, "git", "init", "-q", "-b", "main")
	do(dir, "git", "add", "-A")
	do(dir, "git", "commit", "-q", "-m", "start")
	file := filepath.Join(dir, "environments", "dev", "gateway.cue")
	if err := os.WriteFile(file, []byte(hostileCUE), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPages(t *testing.T) {
	dir := hostile(t)
	const root = "../.."
	for _, tt := range []struct{ name, title, address string }{
		{"an environment", "gwc: environments/production", page(t, root, "graph", "environments/production", "--format", "html")},
		{"a change", "gwc: what changes", page(t, root, "diff", "environments/production", "--base", "environments/staging", "--format", "html")},
		{"hostile text", "gwc: environments/dev", page(t, dir, "graph", "environments/dev", "--format", "html")},
		{"a hostile change", "gwc: what changes", page(t, dir, "diff", "--format", "html")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, scheme := range []string{"light", "dark"} {
				for _, width := range []int64{1280, 400} {
					look(t, tt.address, tt.title, scheme, width)
				}
			}
		})
	}
}

// A report is what a page says of itself.
type report struct {
	Title    string
	Overflow int      // pixels by which the page is wider than the window
	Pale     []string // texts with too little contrast to what is behind them
	Pictures int
	Elements []string // of kinds that a page does not have
}

// inspect returns a report. Contrast is WCAG 2's, of which 4.5 is asked.
const inspect = `(() => {
	const channels = color => (color.match(/[\d.]+/g) || []).map(Number);
	const luminance = color => {
		const [r, g, b] = channels(color).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = e => {
		for (; e; e = e.parentElement) {
			const rect = e.tagName === 'g' && e.querySelector('rect');
			const color = rect ? getComputedStyle(rect).fill : getComputedStyle(e).backgroundColor;
			const [r, g, b, a = 1] = channels(color);
			if (a > 0 && color !== 'none') return color;
		}
		return 'rgb(255,255,255)';
	};
	const pale = [];
	for (const e of document.querySelectorAll('body *')) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.tagName === 'title') continue;
		const style = getComputedStyle(e);
		const [a, b] = [luminance(e instanceof SVGElement ? style.fill : style.color), luminance(behind(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) pale.push(e.textContent.slice(0, 40));
	}
	return {
		Title: document.title,
		Overflow: document.documentElement.scrollWidth - innerWidth,
		Pale: pale,
		Pictures: document.querySelectorAll('svg').length,
		Elements: [...document.querySelectorAll('script,img,iframe,object,embed,link,base,form,foreignObject,image,use')].map(e => e.tagName),
	};
})()`

// look opens a page in a window of a width and a colour scheme, and holds that it is whole, calm and readable.
func look(t *testing.T, address, title, scheme string, width int64) {
	t.Helper()
	ctx := browser(t)
	var (
		mu    sync.Mutex
		wrong []string
	)
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		wrong = append(wrong, fmt.Sprintf(format, args...))
	}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != address {
				complain("it asks for %s", e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			complain("it throws %s", e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			complain("it writes to the console")
		case *cdplog.EventEntryAdded: // where a Content-Security-Policy says what it stopped
			complain("the browser says %s", e.Entry.Text)
		}
	})
	var said report
	var focused string
	err := chromedp.Run(ctx,
		network.Enable(), cdplog.Enable(),
		emulation.SetDeviceMetricsOverride(width, 900, 1, false),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(address),
		chromedp.Evaluate(inspect, &said),
		// What is folded opens by keyboard, without a script.
		chromedp.Evaluate(`document.querySelectorAll('details').forEach(d => d.open = false); document.querySelector('summary').focus()`, nil),
		chromedp.KeyEvent(kb.Enter),
		chromedp.Evaluate(`String(document.activeElement.parentElement.open)`, &focused),
	)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, each := range wrong {
		t.Errorf("%s, %d px: %s", scheme, width, each)
	}
	if said.Title != title || said.Pictures == 0 || len(said.Elements) > 0 {
		t.Errorf("%s, %d px: title %q, %d pictures, elements %v", scheme, width, said.Title, said.Pictures, said.Elements)
	}
	if said.Overflow > 0 {
		t.Errorf("%s, %d px: the page is %d px too wide", scheme, width, said.Overflow)
	}
	if len(said.Pale) > 0 {
		t.Errorf("%s, %d px: hard to read: %s", scheme, width, strings.Join(said.Pale[:min(5, len(said.Pale))], " | "))
	}
	if focused != "true" {
		t.Errorf("%s, %d px: what is folded does not open by keyboard", scheme, width)
	}
}

// browser starts Chromium, which ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
