package http1

// Limits bound a message's head. The zero value stands for the defaults.
type Limits struct {
	// HeaderBytes bounds a head from its first line to the empty one, and a trailer section. 0: 64 KB.
	HeaderBytes int
	// Fields bounds how many field lines it has. 0: 100.
	Fields int
	// TargetBytes bounds a request target. 0: 8 KB.
	TargetBytes int
}

const (
	defaultHeaderBytes = 64 << 10
	defaultFields      = 100
	defaultTargetBytes = 8 << 10

	// maxMethod bounds a method's name.
	maxMethod = 32
	// maxChunkLine bounds a chunk's size with its extensions, maxExtensions those of a whole body: data that is
	// read and thrown away.
	maxChunkLine  = 512
	maxExtensions = 16 << 10
	// maxConnectionFields bounds the field lines that are named Connection.
	maxConnectionFields = 8
	// maxInterim bounds the interim responses to one request, with the final one.
	maxInterim = 32
)

func (l Limits) filled() Limits {
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = defaultHeaderBytes
	}
	if l.Fields <= 0 {
		l.Fields = defaultFields
	}
	if l.TargetBytes <= 0 {
		l.TargetBytes = defaultTargetBytes
	}
	return l
}

// firstLine bounds a request line: the longest method, target and version.
func (l *Limits) firstLine() int { return maxMethod + l.TargetBytes + len("  HTTP/1.1\r\n") }
