package schema

import (
	"strconv"
	"strings"
)

// A Path names a place in the model, as field names joined by dots: "apis.echo.routes.default.timeout".
// A list element is its index; a name with anything but letters, digits, '_', '-' and '$' is quoted. The
// zero Path is the whole model.
type Path string

// NewPath joins names to a path.
func NewPath(names ...string) Path { return Path("").Join(names...) }

// Join returns the path of a place below p.
func (p Path) Join(names ...string) Path {
	var b strings.Builder
	b.WriteString(string(p))
	for _, name := range names {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		if plain(name) {
			b.WriteString(name)
		} else {
			b.WriteString(strconv.Quote(name))
		}
	}
	return Path(b.String())
}

// Index returns the path of element i of the list at p.
func (p Path) Index(i int) Path { return p.Join(strconv.Itoa(i)) }

// Names splits p into its names, unquoted. It is the inverse of [NewPath]; of a text that is no path it
// returns what can be read of it.
func (p Path) Names() []string {
	var names []string
	rest := string(p)
	for rest != "" {
		if rest[0] == '"' {
			if quoted, err := strconv.QuotedPrefix(rest); err == nil {
				name, _ := strconv.Unquote(quoted)
				names = append(names, name)
				rest = strings.TrimPrefix(rest[len(quoted):], ".")
				continue
			}
		}
		name, after, _ := strings.Cut(rest, ".")
		names = append(names, name)
		rest = after
	}
	return names
}

// Parent returns the path one name shorter; the zero Path is its own parent.
func (p Path) Parent() Path {
	names := p.Names()
	if len(names) == 0 {
		return ""
	}
	return NewPath(names[:len(names)-1]...)
}

func plain(name string) bool {
	if name == "" {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '$') {
			return false
		}
	}
	return true
}
