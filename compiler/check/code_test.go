package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every code that a check reports stands with its meaning in the package's comment, and no other does: it is what people
// find in the reference.
func TestCodesAreListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, source := "", ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(file, "_test.go"):
		case file == "check.go":
			comment, rest, _ := strings.Cut(string(text), "\npackage check\n")
			doc, source = comment, source+rest
		default:
			source += string(text)
		}
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^//\t([a-z]+(?:-[a-z]+)*)  +\S`).FindAllStringSubmatch(doc, -1) {
		listed = append(listed, m[1])
		if !strings.Contains(source, `"`+m[1]+`"`) && !strings.HasPrefix(m[1], "target-") { // those come from package trust
			t.Errorf("%s is listed, and no check reports it", m[1])
		}
	}
	if !slices.IsSorted(listed) {
		t.Errorf("the codes are not in order: %v", listed)
	}
	for _, m := range regexp.MustCompile(`(?i)code: +"([a-z-]+)"`).FindAllStringSubmatch(source, -1) {
		if !slices.Contains(listed, m[1]) {
			t.Errorf("%s is reported, and not listed", m[1])
		}
	}
}
