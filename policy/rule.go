package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"gwc.dev/compiler/diag"
)

// A Rule is what is known about a rule without running it.
type Rule struct {
	Code        string        `json:"code"`
	Severity    diag.Severity `json:"severity"`
	Title       string        `json:"title"`
	Description string        `json:"description,omitempty"`
	Help        string        `json:"help,omitempty"`
	// Package is the Rego package, for instance "gwc.policy.missing_owner".
	Package string `json:"package"`
	// Position is where the user's rule stands; it is unknown of the library's.
	Position diag.Position `json:"position,omitzero"`
}

// template is the help for metadata that is missing or wrong.
const template = `put comments above the package, a line each: "# METADATA", "# custom:", "#   code: my-rule", "#   severity: warning"`

// A pkg is a package while its rule is put together.
type pkg struct {
	path  ast.Ref
	user  bool
	denys []*ast.Rule
	notes []*ast.Annotations
}

func (p *pkg) name() string { return strings.TrimPrefix(p.path.String(), "data.") }

// A file is a source and its module.
type file struct {
	source
	module *ast.Module
}

// rulesOf returns the rules of files by code, and where files break the contract of the package's doc. The
// library's files come first, so that where two rules collide it is the user's that is at fault.
func rulesOf(files []file) ([]Rule, diag.List) {
	var findings diag.List
	var packages []*pkg
	byPath := map[string]*pkg{}
	for _, f := range files {
		path := f.module.Package.Path
		p := byPath[path.String()]
		if p == nil {
			p = &pkg{path: path, user: f.user}
			byPath[path.String()] = p
			packages = append(packages, p)
		}
		if f.user && !p.user {
			findings = append(findings, breach("policy-package", position(f.module.Package.Location),
				fmt.Sprintf("package %s is gwc's own", p.name()), "choose another package below gwc, for instance gwc.user.<name>"))
			continue
		}
		p.add(f.module)
	}
	var rules []Rule
	byCode := map[string]Rule{}
	for _, p := range packages {
		rule, isRule, wrong := p.rule()
		findings = append(findings, wrong...)
		if !isRule || len(wrong) > 0 {
			continue
		}
		if other, taken := byCode[rule.Code]; taken {
			findings = append(findings, breach("policy-code-duplicate", rule.Position,
				fmt.Sprintf("code %q is taken by package %s", rule.Code, other.Package), "give the rule a code of its own"))
			continue
		}
		byCode[rule.Code] = rule
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.Code, b.Code) })
	return rules, findings
}

// add takes in one module of the package.
func (p *pkg) add(m *ast.Module) {
	deny := p.path.Append(ast.StringTerm("deny"))
	for _, r := range m.Rules {
		if r.Head.Ref()[0].Value.Compare(ast.Var("deny")) == 0 {
			p.denys = append(p.denys, r)
		}
	}
	for _, a := range m.Annotations {
		target := a.GetTargetPath()
		about := a.Scope == "package" && target.Equal(p.path) || a.Scope != "subpackages" && target.Equal(deny)
		if _, ok := a.Custom["code"]; about && ok {
			p.notes = append(p.notes, a)
		}
	}
}

// rule puts the package's rule together; false: it is a library.
func (p *pkg) rule() (Rule, bool, diag.List) {
	if len(p.denys) == 0 {
		if len(p.notes) == 0 {
			return Rule{}, false, nil
		}
		return Rule{}, false, diag.List{breach("policy-shape", position(p.notes[0].Location),
			fmt.Sprintf("package %s has METADATA with a code but no deny rule", p.name()),
			`write deny contains {"path": ["apis", a], "message": "..."} if { ... }`)}
	}
	at := position(p.denys[0].Location)
	if len(p.path) < 3 || !p.path.HasPrefix(ast.MustParseRef("data.gwc")) {
		return Rule{}, true, diag.List{breach("policy-package", at,
			fmt.Sprintf("deny in package %s is never evaluated: only packages below gwc are", p.name()),
			"rename the package, for instance gwc.user.<name>")}
	}
	var wrong diag.List
	for _, r := range p.denys {
		if len(r.Head.Ref()) != 1 || len(r.Head.Args) > 0 || r.Default || r.Head.RuleKind() != ast.MultiValue {
			wrong = append(wrong, breach("policy-shape", position(r.Location), "deny is not a partial set",
				`write deny contains {"path": ["apis", a], "message": "..."} if { ... }`))
		}
	}
	rule := Rule{Package: p.name()}
	if p.user {
		rule.Position = at
	}
	switch len(p.notes) {
	case 0:
		wrong = append(wrong, breach("policy-metadata", at, fmt.Sprintf("package %s has no METADATA with a code", p.name()), template))
	case 1:
		wrong = append(wrong, rule.describe(p.notes[0])...)
	default:
		wrong = append(wrong, breach("policy-metadata", position(p.notes[1].Location),
			fmt.Sprintf("package %s has a second METADATA with a code", p.name()), "a package is one rule: move the other deny to a package of its own"))
	}
	return rule, true, wrong
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// describe fills in what note says.
func (r *Rule) describe(note *ast.Annotations) diag.List {
	var wrong diag.List
	at := position(note.Location)
	report := func(help, format string, args ...any) {
		wrong = append(wrong, breach("policy-metadata", at, fmt.Sprintf(format, args...), help))
	}
	r.Title, r.Description = strings.TrimSpace(note.Title), strings.TrimSpace(note.Description)
	code, ok := note.Custom["code"].(string)
	switch {
	case !ok || !codeForm.MatchString(code):
		report(`write it in kebab case, for instance "route-undescribed"`, "custom.code %s is no code", shown(note.Custom["code"]))
	case strings.HasPrefix(code, "policy-") || strings.HasPrefix(code, "waiver-"):
		report("choose another first word", `custom.code %q: codes that begin with "policy-" or "waiver-" are gwc's own`, code)
	}
	r.Code = code
	r.Title = cmp.Or(r.Title, code)
	severity, found := note.Custom["severity"]
	text, _ := severity.(string)
	level, err := diag.ParseSeverity(text)
	switch {
	case !found:
		report("write error, warning or info", "rule %q has no custom.severity", code)
	case err != nil:
		report("write error, warning or info", "custom.severity %s of rule %q is unknown", shown(severity), code)
	}
	r.Severity = level
	if help, ok := note.Custom["help"]; ok {
		if r.Help, ok = help.(string); !ok {
			report("write it as text, in quotes if it holds a colon", "custom.help %s of rule %q is no text", shown(help), code)
		}
		r.Help = strings.TrimSpace(r.Help)
	}
	return wrong
}

func breach(code string, at diag.Position, message, hint string) diag.Finding {
	return diag.Finding{Code: code, Severity: diag.Error, Position: at, Message: message, Hint: hint}
}
