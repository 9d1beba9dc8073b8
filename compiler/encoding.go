package compiler

import (
	"bytes"
	"os"
	"unicode/utf8"

	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

const (
	replacement = "�"            // what the loader puts in the place of bytes that are no UTF-8
	byteOrder   = "\xef\xbb\xbf" // what a file of UTF-8 may begin with
)

// encoded reports what of a file is no UTF-8. data is the file as the loader has read it: it puts U+FFFD in the place of
// what it cannot read, so that a path or an owner would silently become another one. UTF-16 it reads by its byte order mark.
func encoded(name string, data []byte) error {
	if !bytes.Contains(data, []byte(replacement)) {
		return nil
	}
	raw, _ := os.ReadFile(name) // what is nowhere but in the loader is ours, and fine
	if utf8.Valid(raw) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) || bytes.HasPrefix(raw, []byte{0xff, 0xfe}) {
		return nil
	}
	raw = bytes.TrimPrefix(raw, []byte(byteOrder))
	at := 0
	for {
		r, size := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	file := token.NewFile(name, -1, len(raw))
	file.SetLinesForContent(raw)
	return cueerrors.Newf(file.Pos(at, token.NoRelPos), "illegal UTF-8 encoding")
}
