package websocket_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A wireCase is a case of testdata/*.txt: what a client says, line by line, and after "= " the messages that it gets.
//
//	[more] [reserved N | deflate] OPCODE PAYLOAD   a frame; OPCODE is a name, close CODE, or opcode N
//	bytes PAYLOAD                                  no frame
//	times N LINE                                   N times the same
//	chop N                                         from here on, N bytes at a time; 0: a frame at a time
//	offer EXTENSIONS                               in the handshake
//
// PAYLOAD is a string of Go, or N*STRING, or nothing.
type wireCase struct {
	name, fields string
	pieces       [][]byte
	want         string
	chop         int
}

func readCases(t *testing.T) []*wireCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of cases: %v", len(files), err)
	}
	var cases []*wireCase
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split("\n"+string(text), "\n## ")[1:] {
			name, lines, _ := strings.Cut(block, "\n")
			c := &wireCase{name: name}
			for line := range strings.Lines(lines) {
				if line = strings.TrimSpace(line); line != "" {
					c.line(t, line)
				}
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func (c *wireCase) line(t *testing.T, line string) {
	t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "=":
		c.want += rest + "\n"
	case "offer":
		c.fields = "Sec-WebSocket-Extensions: " + rest + "\r\n"
	case "chop":
		c.chop = number(t, rest)
	case "times":
		n, again, _ := strings.Cut(rest, " ")
		for range number(t, n) {
			c.line(t, again)
		}
	case "bytes":
		c.send(payload(t, rest))
	default:
		c.send(parseFrame(t, line).append(nil))
	}
}

// send adds to the pieces.
func (c *wireCase) send(data []byte) {
	for c.chop > 0 && len(data) > c.chop {
		c.pieces = append(c.pieces, data[:c.chop])
		data = data[c.chop:]
	}
	c.pieces = append(c.pieces, data)
}

func parseFrame(t *testing.T, line string) frame {
	t.Helper()
	var f frame
	compress := false
	for {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "more":
			f.more, line = true, rest
			continue
		case "deflate":
			f.reserved, compress, line = compressed, true, rest
			continue
		case "reserved":
			n, after, _ := strings.Cut(rest, " ")
			f.reserved, line = byte(number(t, n)), after
			continue
		case "opcode":
			word, rest, _ = strings.Cut(rest, " ")
			f.opcode = byte(number(t, word))
		case "close":
			f.opcode = opcodes[word]
			if word, rest, _ = strings.Cut(rest, " "); word != "" && word[0] != '"' {
				f.payload = binary.BigEndian.AppendUint16(nil, uint16(number(t, word)))
			} else {
				rest = word
			}
		default:
			opcode, known := opcodes[word]
			if !known {
				t.Fatalf("%q begins no frame", line)
			}
			f.opcode = opcode
		}
		f.payload = append(f.payload, payload(t, rest)...)
		if compress {
			f.payload = deflate(f.payload)
		}
		return f
	}
}

func payload(t *testing.T, text string) []byte {
	t.Helper()
	if text == "" {
		return nil
	}
	times, repeated, ok := strings.Cut(text, "*\"")
	if !ok {
		times, repeated = "1", text
	} else {
		repeated = `"` + repeated
	}
	value, err := strconv.Unquote(repeated)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return []byte(strings.Repeat(value, number(t, times)))
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
