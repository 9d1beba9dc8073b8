package chain_test

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A request is what a recipient that takes nothing but plain RFC 9112 has read.
type request struct {
	method, target, host, body string
	last                       bool // no other follows on the connection
	expects                    bool // the sender waits for 100 before it sends the body
}

// String is what cases name a request by.
func (r request) String() string {
	out := r.method + " " + r.target + " " + r.host
	if r.body != "" {
		out += " " + strconv.Quote(r.body)
	}
	return out
}

var (
	requestLine = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/1\\.1$")
	fieldLine   = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*$")
	chunkLine   = regexp.MustCompile(`^[0-9a-fA-F]{1,8}$`)
	length      = regexp.MustCompile(`^[0-9]{1,9}$`)
)

// readRequest reads a request as its sender must have spelled it to be understood by everybody in the same way. An
// error other than io.EOF says what it did wrong. confirm is called before a body that waits to be asked for.
func readRequest(r *bufio.Reader, confirm func()) (request, error) {
	var out request
	line, err := readLine(r)
	if err != nil {
		return out, err
	}
	parts := requestLine.FindStringSubmatch(line)
	if parts == nil {
		return out, fmt.Errorf("request line %q", line)
	}
	out.method, out.target = parts[1], parts[2]
	fields, err := readFields(r)
	if err != nil {
		return out, within(err)
	}
	hosts := fields["host"]
	if len(hosts) != 1 {
		return out, fmt.Errorf("%d Host fields", len(hosts))
	}
	out.host = hosts[0]
	out.last = slices.ContainsFunc(fields["connection"], func(v string) bool { return strings.EqualFold(v, "close") })
	if len(fields["expect"]) > 0 {
		confirm()
	}
	out.body, err = readBody(r, fields)
	return out, within(err)
}

func readBody(r *bufio.Reader, fields map[string][]string) (string, error) {
	lengths, codings := fields["content-length"], fields["transfer-encoding"]
	switch {
	case len(lengths) == 0 && len(codings) == 0:
		return "", nil
	case len(lengths) == 1 && len(codings) == 0 && length.MatchString(lengths[0]):
		n, err := strconv.Atoi(lengths[0])
		if err != nil {
			return "", err
		}
		body := make([]byte, n)
		_, err = io.ReadFull(r, body)
		return string(body), err
	case len(lengths) == 0 && len(codings) == 1 && codings[0] == "chunked":
		return readChunks(r)
	}
	return "", fmt.Errorf("Content-Length %q and Transfer-Encoding %q", lengths, codings)
}

func readChunks(r *bufio.Reader) (string, error) {
	var body strings.Builder
	for {
		line, err := readLine(r)
		if err != nil {
			return "", err
		}
		if !chunkLine.MatchString(line) {
			return "", fmt.Errorf("chunk size %q", line)
		}
		n, err := strconv.ParseUint(line, 16, 32)
		if err != nil {
			return "", err
		}
		if n == 0 {
			_, err := readFields(r)
			return body.String(), err
		}
		if _, err := io.CopyN(&body, r, int64(n)); err != nil {
			return "", err
		}
		if end, err := readLine(r); err != nil || end != "" {
			return "", fmt.Errorf("%q after a chunk: %w", end, err)
		}
	}
}

// readFields returns the values of header or trailer fields by name in lower case.
func readFields(r *bufio.Reader) (map[string][]string, error) {
	out := map[string][]string{}
	for {
		line, err := readLine(r)
		if err != nil || line == "" {
			return out, err
		}
		parts := fieldLine.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("field line %q", line)
		}
		name := strings.ToLower(parts[1])
		out[name] = append(out[name], parts[2])
	}
}

// readLine returns a line that ends with CRLF and holds neither alone.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		if line != "" {
			err = fmt.Errorf("%q: %w", line, io.ErrUnexpectedEOF)
		}
		return "", err
	}
	line, ok := strings.CutSuffix(line, "\r\n")
	if !ok || strings.ContainsAny(line, "\r\n") {
		return "", fmt.Errorf("line break in %q", line)
	}
	return line, nil
}

// within makes the end of a connection one that came too early.
func within(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
