package http1

import (
	"gwc.dev/runtime/exchange"
)

// A fieldKind says what the engine itself does with a field.
type fieldKind uint8

const (
	endToEnd fieldKind = iota // it is the exchange's
	hopByHop                  // it holds for one connection and says nothing to the engine
	fieldHost
	fieldLength
	fieldCoding
	fieldConnection
	fieldExpect
	fieldUpgrade
	fieldTE
	fieldTrailer
	lookalike // of the fields that frame a body
)

// kindOf returns the kind of a field. Those that are not end to end are the list of RFC 9110, section 7.6.1, and
// what belongs to the framing.
func kindOf(name string) fieldKind {
	switch len(name) {
	case 2:
		return kindIf(name, "TE", fieldTE)
	case 4:
		return kindIf(name, "Host", fieldHost)
	case 6:
		return kindIf(name, "Expect", fieldExpect)
	case 7:
		return max(kindIf(name, "Trailer", fieldTrailer), kindIf(name, "Upgrade", fieldUpgrade))
	case 10:
		return max(kindIf(name, "Connection", fieldConnection), kindIf(name, "Keep-Alive", hopByHop))
	case 14:
		if name[7] == '_' {
			return kindIf(name[:7]+name[8:], "ContentLength", lookalike)
		}
		return kindIf(name, "Content-Length", fieldLength)
	case 16:
		return kindIf(name, "Proxy-Connection", hopByHop)
	case 17:
		if name[8] == '_' {
			return kindIf(name[:8]+name[9:], "TransferEncoding", lookalike)
		}
		return kindIf(name, "Transfer-Encoding", fieldCoding)
	case 18:
		return kindIf(name, "Proxy-Authenticate", hopByHop)
	case 19:
		return kindIf(name, "Proxy-Authorization", hopByHop)
	}
	return endToEnd
}

func kindIf(name, is string, kind fieldKind) fieldKind {
	if name[0]|0x20 == is[0]|0x20 && exchange.EqualFold(name, is) {
		return kind
	}
	return endToEnd
}

// readField splits and checks one field line.
func readField(line []byte) (name, value string, err error) {
	n := 0
	for n < len(line) && classOf[line[n]]&tokenByte != 0 {
		n++
	}
	if n == len(line) {
		return "", "", errNoColon
	}
	switch c := line[n]; {
	case c == ':' && n > 0:
	case n == 0 && (c == ' ' || c == '\t'):
		return "", "", errFold
	case c == ' ' || c == '\t':
		return "", "", errFieldSpace
	default:
		return "", "", errFieldName
	}
	text := trim(line[n+1:])
	if !isText(text) {
		return "", "", errFieldValue
	}
	return view(line[:n]), view(text), nil
}

// readFields reads the field lines of a section: the exchange's are appended to h, the connection's go to m.
// authority takes the Host of a request.
func readFields(section []byte, h *exchange.Header, m *Meta, authority *string) error {
	for len(section) > 2 {
		var line []byte
		line, section = cutLine(section)
		name, value, err := readField(line)
		if err != nil {
			return err
		}
		switch kind := kindOf(name); kind {
		case endToEnd:
			*h = append(*h, exchange.Field{Name: name, Value: value})
		case fieldHost, fieldExpect:
			if authority == nil { // a response's means nothing
				break
			}
			if err := m.requestField(kind, value, authority); err != nil {
				return err
			}
		default:
			if err := m.field(kind, value); err != nil {
				return err
			}
		}
	}
	m.settle(h)
	return nil
}

// field takes in one of the connection's fields.
func (m *Meta) field(kind fieldKind, value string) error {
	switch kind {
	case fieldLength:
		return m.contentLength(value)
	case fieldCoding:
		return m.transferEncoding(value)
	case fieldConnection:
		return m.connectionField(value)
	case fieldUpgrade:
		if m.Upgrade != "" { // a list in two lines: nothing to change to
			value = ","
		}
		m.Upgrade = value
	case fieldTE:
		m.Trailers = m.Trailers || hasElement(value, "trailers")
	case fieldTrailer:
		if m.Trailer == "" {
			m.Trailer = value
		} else {
			m.Trailer += ", " + value
		}
	case lookalike:
		return errLookalike
	}
	return nil
}

// requestField takes in one of the fields that only requests have.
func (m *Meta) requestField(kind fieldKind, value string, authority *string) error {
	if kind == fieldHost {
		*authority = value
		m.hosts++
		return nil
	}
	if !exchange.EqualFold(value, "100-continue") {
		return errExpect
	}
	m.Expect = true
	return nil
}
