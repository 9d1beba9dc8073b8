package state

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"gwc.dev/schema/bundle"
)

// Damaged is the reason of files that are no whole bundles: torn, overwritten, or never one.
const Damaged = "state-damaged"

// Unreadable is the reason of files that cannot be read, and may be whole.
const Unreadable = "state-unreadable"

// Restored is what a state directory gives a proxy that starts.
type Restored struct {
	// Path and Data are the newest bundle that trust admits. No Path: there is none.
	Path string
	Data []byte
	// Confirmed is when a source was last known to have it.
	Confirmed time.Time
	// Passed are the files that are damaged or cannot be read, and those before it that are not trusted.
	Passed []Passed
}

// Passed is a file that is not used, and why.
type Passed struct {
	Path   string
	Data   []byte
	Reason string // one stable word
	Err    error
}

// Restore returns the newest bundle that trust admits. That there is none yet is no error.
func (d *Dir) Restore(trust bundle.Trust) (Restored, error) {
	trust.Kept, trust.MinSerial, trust.Revision = true, 0, ""
	var out Restored
	all, err := d.entries(trust, true)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	environment := ""
	for _, e := range all {
		switch damaged := e.damaged(); {
		case damaged:
			out.Passed = append(out.Passed, Passed{e.path, e.data, Damaged, e.err})
		case e.closed:
			out.Passed = append(out.Passed, Passed{e.path, nil, Unreadable, e.err})
		case errors.Is(e.err, bundle.WrongEnvironment): // another proxy's
		case e.err != nil && out.Path == "":
			out.Passed = append(out.Passed, Passed{e.path, e.data, bundle.Reason(e.err), e.err})
		case e.err != nil: // and older than the one that is used
		case environment == "":
			environment = e.label.Environment
			out.Path, out.Data, out.Confirmed = e.path, e.data, e.info.ModTime()
		case e.label.Environment != environment:
			return Restored{}, fmt.Errorf("%q holds bundles of the environments %q and %q: say which one is to be served", d.path, environment, e.label.Environment)
		}
	}
	return out, nil
}
