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

// Limits bound what is read of an archive.
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
	var files []File
	err := Walk(data, limits, func(name string, size int64, content io.Reader) error {
		buf := bytes.NewBuffer(make([]byte, 0, min(size, int64(limits.Unpacked))+bytes.MinRead)) // or it grows to find the end
		_, err := buf.ReadFrom(content)
		files = append(files, File{name, buf.Bytes()})
		return err
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// Walk calls visit for each file of an archive in their order, and holds none of them: what an archive of
// unknown origin unpacks to may be large. A size is what the archive claims; visit returns errors of reading only. The files are not to be used
// before Walk has returned, since the archive may be damaged further on.
func Walk(data []byte, limits Limits, visit func(name string, size int64, content io.Reader) error) error {
	if len(data) > limits.Packed {
		return fault(TooLarge, "the archive has %d bytes, the most allowed is %d", len(data), limits.Packed)
	}
	src, err := gunzip(data, limits.Unpacked)
	if err != nil {
		return err
	}
	r := tar.NewReader(src)
	seen := map[string]bool{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return src.end()
		}
		switch {
		case err != nil:
			return src.explain(err)
		case len(seen) == limits.Files:
			return fault(TooManyEntries, "the archive holds more than %d entries", limits.Files)
		case h.Typeflag != tar.TypeReg:
			return fault(NotRegular, "entry %.100q is %s, and only plain files are allowed", h.Name, kind(h.Typeflag))
		case isSparse(h): // and may claim more than all disks hold
			return fault(NotRegular, "entry %.100q is a sparse file, and only plain files are allowed", h.Name)
		case !validName(h.Name):
			return fault(BadName, "entry %.100q does not name a file inside the archive", h.Name)
		case seen[h.Name]:
			return fault(DuplicateEntry, "entry %.100q is there twice", h.Name)
		}
		seen[h.Name] = true
		if err := visit(h.Name, h.Size, r); err != nil {
			return src.explain(err)
		}
	}
}

// isSparse reports whether a plain file has holes, which GNU tar writes down in records of PAX.
func isSparse(h *tar.Header) bool {
	for name := range h.PAXRecords {
		if strings.HasPrefix(name, "GNU.sparse.") {
			return true
		}
	}
	return false
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
		return File{}, fault(NotAnArchive, "the archive holds no file that can be read")
	}
	if h.Typeflag != tar.TypeReg || h.Size > int64(limit) {
		return File{}, fault(TooLarge, "entry %.100q is no file of at most %d bytes", h.Name, limit)
	}
	content := make([]byte, h.Size)
	if _, err := io.ReadFull(r, content); err != nil {
		return File{}, fault(Truncated, "entry %.100q cannot be read to its end", h.Name)
	}
	return File{h.Name, content}, nil
}

// A stream is what the one member of a gzip file unpacks to.
type stream struct {
	packed *bytes.Reader
	z      *gzip.Reader
	left   int // bytes that it may still unpack to
	limit  int
	err    error // what is wrong with it
}

// gunzip returns what a gzip file unpacks to, of which no more than limit bytes are read.
func gunzip(data []byte, limit int) (*stream, error) {
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
	return &stream{packed: src, z: z, left: limit, limit: limit}, nil
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.z.Read(p)
	switch {
	case n > s.left:
		s.err = fault(TooLarge, "the archive unpacks to more than %d bytes", s.limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.err = fault(Truncated, "the archive ends before its compressed data does")
	case err != nil && !errors.Is(err, io.EOF):
		s.err = fault(Corrupt, "the archive is damaged: %v", err)
	default:
		s.left -= n
		return n, err
	}
	return 0, s.err
}

// end reads what follows the end of the tar. tar(1) pads with zeros to a multiple of its record; anything else
// there, or behind the gzip data, is hidden content.
func (s *stream) end() error {
	var rest, hidden int
	buf := make([]byte, 32<<10)
	for {
		n, err := s.Read(buf)
		rest += n
		hidden += len(bytes.Trim(buf[:n], "\x00"))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	switch {
	case s.packed.Len() > 0:
		return s.trailing()
	case hidden > 0:
		return fault(TrailingData, "%d bytes follow the end of the tar", rest)
	}
	return nil
}

func (s *stream) trailing() error {
	return fault(TrailingData, "%d bytes follow the end of the gzip data", s.packed.Len())
}

// explain returns the fault behind an error of reading the tar.
func (s *stream) explain(err error) error {
	short := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	switch {
	case s.err != nil:
		return s.err
	case short && s.packed.Len() > 0: // the rest of the tar, perhaps
		return s.trailing()
	case short:
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
