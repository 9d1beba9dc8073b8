// Package archive is the container of a bundle: a gzip tar that has exactly one spelling.
//
// [Pack] writes files so that the same files give the same bytes, whoever writes them, when and with
// which Go release: no times, no owners, one mode, one compressor. [Unpack] reads an archive of any origin
// within stated bounds, and refuses what a bundle never holds (links, devices, directories, names that
// leave the archive, two entries of one name, bytes after the end), each with a [Fault] of its own.
//
// Unpack does not ask whether the archive is spelled the one way; whoever needs that packs the files again
// and compares.
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
)

// A File is an entry of an archive.
type File struct {
	Name string // relative, slash-separated, without "." or ".."
	Data []byte
}

// Limits bound what Unpack reads.
type Limits struct {
	Packed   int // bytes of the archive
	Unpacked int // bytes of the tar inside it
	Files    int
}

// gzipHeader says DEFLATE, no name, no time, no hint of the compressor or the system.
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// block is what a tar's headers take and its files are filled up to (POSIX.1, ustar).
const block = 512

// Pack returns the archive of files, in their order.
func Pack(files []File) ([]byte, error) {
	size := 2 * block // a tar ends in two empty blocks
	for _, f := range files {
		size += block + (len(f.Data)+block-1)/block*block
	}
	buf := bytes.NewBuffer(make([]byte, 0, size))
	w := tar.NewWriter(buf)
	seen := map[string]bool{}
	for _, f := range files {
		if !validName(f.Name) || seen[f.Name] {
			return nil, fmt.Errorf("packing %q: the name is not valid or is there twice", f.Name)
		}
		seen[f.Name] = true
		header := tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Size: int64(len(f.Data)), Mode: 0o644, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("packing %q: %w", f.Name, err)
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, fmt.Errorf("packing %q: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	out := deflate([]byte(gzipHeader), buf.Bytes())
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(buf.Bytes()))
	return binary.LittleEndian.AppendUint32(out, uint32(buf.Len())), nil
}

// Unpack returns the files of an archive in their order. The memory it takes is a few times the bounds
// at most, whatever the archive claims.
func Unpack(data []byte, limits Limits) ([]File, error) {
	if len(data) > limits.Packed {
		return nil, fault(TooLarge, "the archive has %d bytes, the most allowed is %d", len(data), limits.Packed)
	}
	body, err := gunzip(data, limits.Unpacked)
	if err != nil {
		return nil, err
	}
	src := bytes.NewReader(body)
	r := tar.NewReader(src)
	var files []File
	seen := map[string]bool{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, tarFault(err)
		}
		if len(files) == limits.Files {
			return nil, fault(TooManyEntries, "the archive holds more than %d entries", limits.Files)
		}
		if h.Typeflag != tar.TypeReg {
			return nil, fault(NotRegular, "entry %.100q is %s, and only plain files are allowed", h.Name, kind(h.Typeflag))
		}
		if !validName(h.Name) {
			return nil, fault(BadName, "entry %.100q does not name a file inside the archive", h.Name)
		}
		if seen[h.Name] {
			return nil, fault(DuplicateEntry, "entry %.100q is there twice", h.Name)
		}
		seen[h.Name] = true
		if h.Size > int64(src.Len()) { // a sparse file claims more than it takes
			return nil, fault(Truncated, "entry %.100q claims %d bytes, more than the archive still has", h.Name, h.Size)
		}
		content := make([]byte, h.Size)
		if _, err := io.ReadFull(r, content); err != nil {
			return nil, tarFault(err)
		}
		files = append(files, File{h.Name, content})
	}
	// tar(1) pads with zeros to a multiple of its record; anything else after the end is hidden content.
	rest := body[len(body)-src.Len():]
	if len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, fault(TrailingData, "%d bytes follow the end of the tar", len(rest))
	}
	return files, nil
}

// First returns the first file of an archive, if it has at most limit bytes. It reads no further: what follows
// may be anything.
func First(data []byte, limit int) (File, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return File{}, fault(NotAnArchive, "the file is not a gzip archive")
	}
	r := tar.NewReader(io.LimitReader(z, int64(limit)+2<<20)) // a tar header may be a megabyte by itself
	h, err := r.Next()
	if err != nil {
		return File{}, tarFault(err)
	}
	if h.Typeflag != tar.TypeReg || h.Size > int64(limit) {
		return File{}, fault(TooLarge, "entry %.100q is no file of at most %d bytes", h.Name, limit)
	}
	content := make([]byte, h.Size)
	if _, err := io.ReadFull(r, content); err != nil {
		return File{}, tarFault(err)
	}
	return File{h.Name, content}, nil
}

// gunzip returns the one member of a gzip file, of at most limit bytes.
func gunzip(data []byte, limit int) ([]byte, error) {
	src := bytes.NewReader(data)
	z, err := gzip.NewReader(src)
	switch {
	case len(data) == 0:
		return nil, fault(NotAnArchive, "the file is empty")
	case !strings.HasPrefix(gzipHeader, string(data[:min(2, len(data))])): // however short it is
		return nil, fault(NotAnArchive, "the file is not a gzip archive")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fault(Truncated, "the archive ends within its first %d bytes", len(data))
	case err != nil:
		return nil, fault(NotAnArchive, "the file is not a gzip archive")
	}
	z.Multistream(false)
	body, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fault(Truncated, "the archive ends before its compressed data does")
	case err != nil:
		return nil, fault(Corrupt, "the archive is damaged: %v", err)
	case len(body) > limit:
		return nil, fault(TooLarge, "the archive unpacks to more than %d bytes", limit)
	case src.Len() > 0:
		return nil, fault(TrailingData, "%d bytes follow the end of the gzip data", src.Len())
	}
	return body, nil
}

func tarFault(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault(Truncated, "the tar ends within an entry")
	}
	return fault(Corrupt, "the archive holds no valid tar: %.200v", err)
}

// validName reports whether name stays inside the archive.
func validName(name string) bool { return name != "." && fs.ValidPath(name) }

func kind(flag byte) string {
	switch flag {
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeDir:
		return "a directory"
	case tar.TypeFifo:
		return "a named pipe"
	}
	return fmt.Sprintf("of tar's type %q", flag)
}
