package testscripts_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDocuments runs the examples of the documents. A document starts in a repository that `gwc init` has just made
// and committed, with the registry's certificate in corporate-ca.pem if it speaks of that. A fenced block
//
//   - "console" holds commands after "$ " and, below each, everything that it prints; a line "..." stands for any
//     number of lines, and "..." within one for what differs each time;
//   - "cue FILE", "rego FILE" or "yaml FILE" is written to that file before what follows it.
//
// GWC_UPDATE=1 rewrites the outputs.
func TestDocuments(t *testing.T) {
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range append(docs, "../README.md") {
		t.Run(filepath.Base(doc), func(t *testing.T) {
			text, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			r := newReader(t)
			if strings.Contains(string(text), authorityFile) {
				if err := os.Link(r.ca, filepath.Join(r.dir, authorityFile)); err != nil {
					t.Fatal(err)
				}
			}
			got := r.read(string(text))
			if os.Getenv("GWC_UPDATE") != "" {
				if err := os.WriteFile(doc, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("what the document shows is not what happens (-document +now):\n%s", diff)
			}
		})
	}
}

// authorityFile is the file by which documents have a registry trusted.
const authorityFile = "corporate-ca.pem"

// A reader follows a document to the letter.
type reader struct {
	t       *testing.T
	dir     string
	ca      string // the registry's certificate
	env     []string
	commits int // so far, one each day
}

func newReader(t *testing.T) *reader {
	r := &reader{t: t, dir: filepath.Join(t.TempDir(), "gateway")}
	if out, err := exec.Command(filepath.Join(bin, "gwc"), "init", r.dir).CombinedOutput(); err != nil {
		t.Fatalf("gwc init: %v\n%s", err, out)
	}
	r.run("git init -q -b main && git add -A && git commit -q -m start && git update-ref refs/remotes/origin/main HEAD")
	r.ca = filepath.Join(filepath.Dir(r.dir), authorityFile)
	r.env = outside(t, r.ca)
	return r
}

var block = regexp.MustCompile("(?ms)^```(console|(?:cue|rego|yaml) +(\\S+))\n(.*?)^```$")

// read returns the document with the outputs that its commands have now.
func (r *reader) read(text string) string {
	return block.ReplaceAllStringFunc(text, func(fence string) string {
		m := block.FindStringSubmatch(fence)
		if m[2] != "" {
			path := filepath.Join(r.dir, filepath.FromSlash(m[2]))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				r.t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(m[3]), 0o644); err != nil {
				r.t.Fatal(err)
			}
			return fence
		}
		return "```console\n" + r.console(m[3]) + "```"
	})
}

// console carries out a console block and returns it with the outputs of now.
func (r *reader) console(text string) string {
	var b strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			b.WriteString(lines[i])
			i++
			continue
		}
		b.WriteString(lines[i])
		i++
		shown := ""
		for ; i < len(lines) && !strings.HasPrefix(lines[i], "$ "); i++ {
			shown += lines[i]
		}
		now := ""
		if background, ok := strings.CutSuffix(strings.TrimSpace(command), " &"); ok {
			r.start(background)
		} else {
			now = r.run(strings.TrimSpace(command))
		}
		if matches(shown, now) {
			now = shown
		}
		b.WriteString(now)
	}
	return b.String()
}

// matches reports whether an output is the one shown, in which lines "..." stand for anything, and "..." for what is one word;
// it may be as long as it likes, so columns need not be as wide.
func matches(shown, now string) bool {
	parts := strings.Split("\n"+gap.ReplaceAllString(shown, "  "), "\n...\n")
	for i := range parts {
		parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), regexp.QuoteMeta("..."), `\S+`)
	}
	ok, err := regexp.MatchString("(?s)^"+strings.Join(parts, "\n(.*\n)?")+"$", "\n"+gap.ReplaceAllString(now, "  "))
	return err == nil && ok
}

// A gap is what keeps columns apart.
var gap = regexp.MustCompile(" {2,}")

var adminFlag = regexp.MustCompile(`--admin (\S+)`)

// start starts a proxy, which ends with the test, and waits until it serves.
func (r *reader) start(command string) {
	r.t.Helper()
	args := strings.Fields(command)
	cmd := exec.Command(filepath.Join(bin, args[0]), args[1:]...)
	cmd.Dir = r.dir
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	ready := "http://" + adminFlag.FindStringSubmatch(command)[1] + "/readyz"
	for range 500 {
		if resp, err := http.Get(ready); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Fatalf("%s is not ready", command)
}

// run carries out a command as a shell does and returns what it prints, with the exit status where it is not 0.
func (r *reader) run(command string) string {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = r.dir
	date := fmt.Sprintf("2026-01-%02dT00:00:00Z", 1+r.commits)
	r.commits += strings.Count(command, "git commit")
	cmd.Env = append(append(os.Environ(), r.env...),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GWC_PASSWORD=secret", "NO_COLOR=1", "SOURCE_DATE_EPOCH=1767225600",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	text := string(out)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if exit, ok := err.(*exec.ExitError); ok {
		text += fmt.Sprintf("(exit status %d)\n", exit.ExitCode())
	} else if err != nil {
		r.t.Fatalf("%s: %v", command, err)
	}
	return text
}

var (
	link = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)
	code = regexp.MustCompile("(?ms)^```.*?^```$|`[^`\n]*`|^    .*$")
	// What documents name: tests, metrics, places in the repository, and targets of make.
	testName   = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`")
	metricName = regexp.MustCompile("`(gwproxy_\\w+)")
	place      = regexp.MustCompile("`((?:schema|compiler|runtime|policy|cmd|testscripts|environments|examples)/[\\w./-]+)`")
	target     = regexp.MustCompile("(?m)(?:`|^)make ([a-z0-9-]+)(?:`|  )")
)

// TestDocumentsNameWhatIsThere looks for what documents rest a claim on.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command("grep", "-rhE", "--include=*_test.go", "^func (Test|Fuzz|Benchmark)", "..").Output()
	if err != nil {
		t.Fatalf("grep: %v", err)
	}
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	tests, metrics, makefile := string(list), read("../schema/metric.go"), "\n"+read("../Makefile")
	for _, doc := range append(docs, "../README.md") {
		text := read(doc)
		for _, each := range []struct {
			names *regexp.Regexp
			there func(name string) bool
		}{
			{testName, func(name string) bool { return strings.Contains(tests, "func "+name+"(") }},
			{metricName, func(name string) bool { return strings.Contains(metrics, `"`+name+`"`) }},
			{place, func(name string) bool { _, err := os.Stat("../" + name); return err == nil }},
			{target, func(name string) bool { return strings.Contains(makefile, "\n"+name+":") }},
		} {
			for _, m := range each.names.FindAllStringSubmatch(text, -1) {
				if !each.there(m[1]) {
					t.Errorf("%s names %s, which is not there", doc, m[1])
				}
			}
		}
	}
}

// TestDocumentsLinkToWhatIsThere follows the relative links of all documents.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../docs/reference/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range append(append(docs, more...), "../README.md", "../examples/README.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
}
