package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// findings turns the elements of a rule's deny into findings. Of those that break the contract the first is
// reported, at the rule.
func (r Rule) findings(values []any) diag.List {
	var l diag.List
	var wrong diag.List
	for _, v := range values {
		path, message, err := element(v)
		if err != nil {
			if wrong == nil {
				wrong = diag.List{breach("policy-result", r.Position,
					fmt.Sprintf("rule %q (package %s) returned %s: %v", r.Code, r.Package, shown(v), err),
					`return {"path": ["apis", a], "message": "..."}`)}
			}
			continue
		}
		l = append(l, diag.Finding{Code: r.Code, Severity: r.Severity, Path: path, Message: message, Hint: r.Help})
	}
	return append(l, wrong...)
}

func element(v any) (schema.Path, string, error) {
	members, ok := v.(map[string]any)
	if !ok {
		return "", "", errors.New("it is no object")
	}
	for name := range schema.Sorted(members) {
		if name != "path" && name != "message" {
			return "", "", fmt.Errorf("it has a member %q, which means nothing", name)
		}
	}
	message, ok := members["message"].(string)
	message = strings.TrimSpace(message)
	if !ok || message == "" {
		return "", "", errors.New("it has no message")
	}
	path, err := elementPath(members["path"])
	return path, message, err
}

func elementPath(v any) (schema.Path, error) {
	switch v := v.(type) {
	case nil:
		return "", errors.New("it has no path")
	case string:
		return schema.NewPath(schema.Path(v).Names()...), nil
	case []any:
		var path schema.Path
		for _, step := range v {
			switch step := step.(type) {
			case string:
				path = path.Join(step)
			case json.Number:
				if _, err := strconv.ParseUint(step.String(), 10, 31); err != nil {
					return "", fmt.Errorf("%s in its path is no index", step)
				}
				path = path.Join(step.String())
			default:
				return "", fmt.Errorf("%s in its path is neither a name nor an index", shown(step))
			}
		}
		return path, nil
	default:
		return "", errors.New("its path is no array of names")
	}
}

// shown returns v as JSON, cut to what fits a message.
func shown(v any) string {
	const most = 120
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v)
	}
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "..."
	}
	return string(text)
}
