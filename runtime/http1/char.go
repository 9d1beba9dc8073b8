package http1

import "encoding/binary"

// Classes of bytes.
const (
	tokenByte  = 1 << iota // of a token (RFC 9110, section 5.6.2)
	targetByte             // of a request target: visible ASCII but '#'
	hostByte               // of a registered name (RFC 3986, section 3.2.2)
	hexByte
)

var classOf = classes()

func classes() (t [256]uint8) {
	mark := func(class uint8, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= class
		}
	}
	const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	mark(tokenByte, alphanumeric+"!#$%&'*+-.^_`|~")
	mark(hostByte, alphanumeric+"-._~!$&'()*+,;=%")
	mark(hexByte, "0123456789abcdefABCDEF")
	for c := '!'; c <= '~'; c++ {
		if c != '#' {
			t[c] |= targetByte
		}
	}
	return t
}

// all reports whether all bytes of b are of a class.
func all[B []byte | string](b B, class uint8) bool {
	for i := range len(b) {
		if classOf[b[i]]&class == 0 {
			return false
		}
	}
	return true
}

// isToken reports whether b is a token.
func isToken[B []byte | string](b B) bool { return len(b) > 0 && all(b, tokenByte) }

// isText reports whether b has no control character but tabs. It looks at eight bytes at a time.
func isText(b []byte) bool {
	const (
		ones = 0x0101010101010101
		tops = ones << 7
	)
	for len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		below := (v - ones*' ') &^ v // top bit: a byte below ' ', or one above a byte that is
		del := v ^ ones*0x7f
		del = (del - ones) &^ del // likewise for DEL
		if (below|del)&tops != 0 && !isPlain(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return isPlain(b)
}

func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// trim removes white space of HTTP from both ends.
func trim[B []byte | string](b B) B {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
