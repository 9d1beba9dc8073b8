package archive

import "fmt"

// A Fault is a kind of defect of an archive; errors of [Unpack] unwrap to one. Its text is one stable word,
// fit for a metric's label.
type Fault string

// The faults.
const (
	NotAnArchive   Fault = "not-an-archive"   // no gzip file
	Truncated      Fault = "truncated"        // ends too early
	Corrupt        Fault = "corrupt"          // the compressed data or the tar is damaged
	TooLarge       Fault = "too-large"        // larger than the bound, packed or unpacked
	TooManyEntries Fault = "too-many-entries" // more files than the bound
	TrailingData   Fault = "trailing-data"    // bytes after the end
	DuplicateEntry Fault = "duplicate-entry"  // two files of one name
	NotRegular     Fault = "not-regular"      // a link, a directory, a device
	BadName        Fault = "bad-name"         // absolute, or leaves the archive
)

// Error returns the word.
func (f Fault) Error() string { return string(f) }

// Reason returns the word.
func (f Fault) Reason() string { return string(f) }

// A defect is a fault with what was found.
type defect struct {
	fault Fault
	text  string
}

func fault(f Fault, format string, args ...any) error {
	return &defect{f, fmt.Sprintf(format, args...)}
}

func (d *defect) Error() string { return d.text }
func (d *defect) Unwrap() error { return d.fault }
