package behaviour

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"gwc.dev/compiler/diag"
)

// An Approval accepts one class, for a reason and until a day.
type Approval struct {
	Change  string `yaml:"change"` // a class's ID
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires"` // the last day, as 2026-12-31

	at string // file and line
}

// ID is a class's name in approvals: it depends on what differs and for which routes, all of them, so that one which joins
// them later is not approved unseen. Where requests are answered no longer, or now, it is the method and the path of the example
// that say of which: that no POST is answered any more is another change than that nothing is.
func (c *Class) ID() string {
	parts := []any{c.Listeners, c.Severity, c.Reason, c.Routes(), c.Changes}
	if len(c.Changes) == 0 && c.Request != nil {
		parts = append(parts, c.Request.Method, c.Request.Path)
	}
	var others []string
	for _, other := range c.Alike {
		others = append(others, other.Routes()+" at "+strings.Join(other.Listeners, ", "))
	}
	if len(others) > 0 {
		parts = append(parts, sorted(others))
	}
	sum := sha256.Sum256([]byte(compact(parts)))
	return hex.EncodeToString(sum[:4])
}

var validID = regexp.MustCompile(`^[0-9a-f]{8}$`)

// ReadApprovals reads a file of approvals, which is YAML:
//
//	approvals:
//	  - change: 3f2a9c1d
//	    reason: the client was told
//	    expires: 2026-12-31
func ReadApprovals(name string, r io.Reader) ([]Approval, error) {
	var file yaml.Node
	dec := yaml.NewDecoder(r)
	if err := dec.Decode(&file); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: a file of approvals is one document", name)
	}
	top := file.Content[0]
	if top.Kind != yaml.MappingNode || len(top.Content) != 2 || top.Content[0].Value != "approvals" || top.Content[1].Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s:%d: a file of approvals has one field, approvals, which is a list", name, top.Line)
	}
	var out []Approval
	lines := map[string]int{} // of changes
	for _, node := range top.Content[1].Content {
		a := Approval{at: fmt.Sprintf("%s:%d", name, node.Line)}
		if err := strictly(node, &a); err != nil {
			return nil, fmt.Errorf("%s: %w", a.at, err)
		}
		if first := lines[a.Change]; first > 0 {
			return nil, fmt.Errorf("%s: change %s is approved in line %d already", a.at, a.Change, first)
		}
		lines[a.Change] = node.Line
		out = append(out, a)
	}
	return out, nil
}

// strictly reads one approval and checks it.
func strictly(node *yaml.Node, a *Approval) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("an approval has change, reason and expires")
	}
	for i := 0; i < len(node.Content); i += 2 {
		switch key := node.Content[i].Value; key {
		case "change", "reason", "expires":
		default:
			return fmt.Errorf("an approval has no field %q: it has change, reason and expires", key)
		}
	}
	if err := node.Decode(a); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	switch {
	case !validID.MatchString(a.Change):
		return fmt.Errorf("change: %q is no change's id, which gwc diff shows in brackets", a.Change)
	case strings.TrimSpace(a.Reason) == "":
		return errors.New("reason: say why the change is accepted")
	}
	if _, err := time.Parse(time.DateOnly, a.Expires); err != nil {
		return fmt.Errorf("expires: %q is no day, as 2026-12-31 is one", a.Expires)
	}
	return nil
}

// Approve marks the classes that are approved on a day, and returns what is to be said about approvals that came to
// nothing in all of the reports.
func Approve(approvals []Approval, today time.Time, reports ...*Report) (notes []string) {
	classes := map[string][]*Class{}
	for _, r := range reports {
		for _, c := range r.Classes {
			classes[c.ID()] = append(classes[c.ID()], c)
		}
	}
	day := today.Format(time.DateOnly)
	for _, a := range approvals {
		approved := classes[a.Change]
		switch {
		case len(approved) == 0:
			notes = append(notes, fmt.Sprintf("%s: no behavioural change has the id %s: remove the approval once it is not needed", a.at, a.Change))
		case a.Expires < day:
			notes = append(notes, fmt.Sprintf("%s: the approval of %s (%s) ended on %s", a.at, a.Change, approved[0].Reason, a.Expires))
		default:
			for _, c := range approved {
				c.Approved = fmt.Sprintf("until %s: %s", a.Expires, diag.Plain(a.Reason))
			}
		}
	}
	return notes
}
