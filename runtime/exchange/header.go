package exchange

// A Field is one header field line.
type Field struct {
	Name  string
	Value string
}

// A Header is a flat list of fields in the order of the wire. Names compare without regard to ASCII case. The
// lists are short, so a scan beats a map and allocates nothing.
type Header []Field

// Get returns the first value of a field, or "".
func (h Header) Get(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// Lookup returns the first value of a field and whether it is there.
func (h Header) Lookup(name string) (string, bool) {
	for i := range h {
		if EqualFold(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// Count returns how many fields have that name.
func (h Header) Count(name string) int {
	n := 0
	for i := range h {
		if EqualFold(h[i].Name, name) {
			n++
		}
	}
	return n
}

// Add appends a field.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Set replaces all fields of that name by one.
func (h *Header) Set(name, value string) {
	for i := range *h {
		if EqualFold((*h)[i].Name, name) {
			(*h)[i] = Field{name, value}
			rest := (*h)[i+1:]
			rest.Del(name)
			*h = (*h)[:i+1+len(rest)]
			return
		}
	}
	h.Add(name, value)
}

// Del removes all fields of that name.
func (h *Header) Del(name string) {
	kept := (*h)[:0]
	for _, f := range *h {
		if !EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	*h = kept
}

// DelAlike removes all fields whose names are [Alike] name: for what a backend is to take from nobody but the
// gateway.
func (h *Header) DelAlike(name string) {
	kept := (*h)[:0]
	for _, f := range *h {
		if !Alike(f.Name, name) {
			kept = append(kept, f)
		}
	}
	*h = kept
}

// Alike reports whether two field names are one to a backend that takes '_' for '-', as CGI and its heirs do.
func Alike(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if a[i] != b[i] && dashed(a[i]) != dashed(b[i]) {
			return false
		}
	}
	return true
}

func dashed(c byte) byte {
	if c == '_' {
		return '-'
	}
	return lower(c)
}

// EqualFold reports whether two strings are equal without regard to ASCII case.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
