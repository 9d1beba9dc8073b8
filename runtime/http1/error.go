package http1

// An Error is a message that is refused. It is one of a fixed set, so that refusing costs no memory; it quotes
// nothing of the message, so that it can be logged and sent back as it is.
type Error struct {
	// Status is what a server answers; a client makes 502 of all of them.
	Status int
	// Reason is one word for logs and metrics.
	Reason string
	// Detail says what is wrong, with the rule that says so.
	Detail string
}

func (e *Error) Error() string { return e.Detail }

// What ends a line and what may stand in one.
var (
	errBareLF    = &Error{400, "bare-lf", "a line ends with LF alone, not CRLF (RFC 9112, section 2.2)"}
	errNotHTTP   = &Error{400, "not-http", "the message does not begin like one of HTTP/1"}
	errEmptyLine = &Error{400, "empty-line", "more than one empty line stands before the message (RFC 9112, section 2.2)"}
)

// The request line.
var (
	errRequestLine = &Error{400, "request-line", "the request line is not method, target and version with one space between (RFC 9112, section 3)"}
	errMethod      = &Error{400, "method", "the method is not a token (RFC 9110, section 9.1)"}
	errLongMethod  = &Error{501, "method-unknown", "the method is longer than any that is known (RFC 9112, section 3)"}
	errConnect     = &Error{405, "method-refused", "CONNECT is refused: no tunnels are opened here"}
	errVersion     = &Error{400, "version", "the version is not HTTP/ and two digits with a dot (RFC 9112, section 2.3)"}
	errOtherHTTP   = &Error{505, "version-unknown", "the version is neither HTTP/1.0 nor HTTP/1.1"}
	errTarget      = &Error{400, "target", "the target is not in origin form, absolute form of http or https, or '*' of OPTIONS (RFC 9112, section 3.2)"}
	errLongTarget  = &Error{414, "target-size", "the target is longer than allowed"}
)

// What only answers have.
var (
	errStatusLine = &Error{502, "status-line", "the status line is not version, three digits and reason (RFC 9112, section 4)"}
	errNoUpgrade  = &Error{502, "upgrade", "the protocol was not changed to the one that was asked for (RFC 9110, section 7.8)"}
	errInterim    = &Error{502, "interim", "there are too many interim responses"}
)

// Field lines.
var (
	errFold       = &Error{400, "obs-fold", "a line begins with white space (RFC 9112, section 5.2)"}
	errFieldName  = &Error{400, "field-name", "a field name is not a token (RFC 9112, section 5)"}
	errFieldSpace = &Error{400, "field-space", "white space stands before a colon (RFC 9112, section 5.1)"}
	errNoColon    = &Error{400, "field-colon", "a field line has no colon (RFC 9112, section 5)"}
	errFieldValue = &Error{400, "field-value", "a field value holds a control character (RFC 9110, section 5.5)"}
	errHeaderSize = &Error{431, "header-size", "the header is longer than allowed"}
	errFieldCount = &Error{431, "field-count", "the header has more fields than allowed"}
)

// Fields that say where the message goes and where it ends.
var (
	errNoHost      = &Error{400, "host-missing", "the request has no Host (RFC 9112, section 3.2)"}
	errTwoHosts    = &Error{400, "host-twice", "the request has more than one Host (RFC 9112, section 3.2)"}
	errHost        = &Error{400, "host", "the host is not valid (RFC 9110, section 7.2)"}
	errLength      = &Error{400, "length", "Content-Length is not one decimal number (RFC 9110, section 8.6)"}
	errTwoLengths  = &Error{400, "length-twice", "Content-Length stands there more than once (RFC 9112, section 6.3)"}
	errBothLengths = &Error{400, "length-and-coding", "both Content-Length and Transfer-Encoding are there (RFC 9112, section 6.1)"}
	errCoding      = &Error{400, "coding", "Transfer-Encoding does not end with one chunked (RFC 9112, section 6.3)"}
	errOtherCoding = &Error{501, "coding-unknown", "a transfer coding beside chunked is used (RFC 9112, section 6.1)"}
	errCoding10    = &Error{400, "coding-http-1.0", "Transfer-Encoding is used in HTTP/1.0 (RFC 9112, section 6.1)"}
	errLookalike   = &Error{400, "framing-lookalike", "a field name is a framing field's with '_' in it"}
	errConnection  = &Error{400, "connection", "Connection is not a list of tokens (RFC 9110, section 7.6.1)"}
	errExpect      = &Error{417, "expectation", "an expectation other than 100-continue (RFC 9110, section 10.1.1)"}
)

// Chunks.
var (
	errChunkSize    = &Error{400, "chunk-size", "a chunk size is not a hexadecimal number in range (RFC 9112, section 7.1)"}
	errChunkExt     = &Error{400, "chunk-extension", "a chunk extension is not valid (RFC 9112, section 7.1.1)"}
	errChunkExtSize = &Error{400, "chunk-extension-size", "chunk extensions are longer than allowed"}
	errChunkEnd     = &Error{400, "chunk-end", "a chunk does not end with CRLF where its size says (RFC 9112, section 7.1)"}
	errTrailer      = &Error{400, "trailer", "a trailer field would change how the message is read (RFC 9110, section 6.5.1)"}
)

// ConnectionLimit is the reason of the answer to connections that are not admitted.
const ConnectionLimit = "connection-limit"

// What a server meets beside wrong messages.
var (
	errSlowHeader  = &Error{408, "header-timeout", "the request's header did not arrive in time"}
	errManyClients = &Error{503, ConnectionLimit, "there are too many connections"}
)
