package http2

import "encoding/binary"

// idle takes a frame that carries nothing.
func (l *link) idle() error {
	if !l.control.spend() {
		return errControlFlood
	}
	return nil
}

// settings takes the peer's settings, or that it has taken ours.
func (l *link) settings(h head, payload []byte) error {
	switch {
	case h.stream != 0:
		return &connError{code: protocolError, detail: "settings are of a stream (RFC 9113, section 6.5)"}
	case len(payload)%6 != 0 || h.has(ack) && len(payload) > 0:
		return &connError{code: frameSizeError, detail: "a frame has not the length of its type"}
	case h.has(ack):
		return nil
	}
	if err := l.idle(); err != nil {
		return err
	}
	before := l.initial
	for ; len(payload) > 0; payload = payload[6:] {
		err := l.set(setting{binary.BigEndian.Uint16(payload), binary.BigEndian.Uint32(payload[2:])})
		if err != nil {
			return err
		}
	}
	if err := l.widen(l.initial - before); err != nil {
		return err
	}
	l.out.buf = appendHead(l.out.buf, head{0, settingsFrame, ack, 0})
	l.settled = true
	l.side.settle()
	return nil
}

// set goes by one of the peer's settings.
func (l *link) set(s setting) error {
	switch s.id {
	case tableSizeSetting:
		l.enc.allow(int(min(s.value, defaultTable)))
	case pushSetting:
		if s.value > 1 {
			return &connError{code: protocolError, detail: "a setting is neither 0 nor 1 (RFC 9113, section 6.5.2)"}
		}
	case streamsSetting:
		l.maxOpen = s.value
	case headerSizeSetting:
		l.maxHeader = int64(s.value)
	case frameSizeSetting:
		if s.value < maxFrame || s.value > frameLimit {
			return &connError{code: protocolError, detail: "the frame size is out of bounds (RFC 9113, section 6.5.2)"}
		}
		l.maxFrame = int(s.value)
	case windowSetting:
		if s.value > maxWindow {
			return &connError{code: flowControlError, detail: "the window is out of bounds (RFC 9113, section 6.5.2)"}
		}
		l.initial = int64(s.value)
	}
	return nil
}

func (l *link) ping(h head, payload []byte) error {
	switch {
	case h.stream != 0:
		return &connError{code: protocolError, detail: "a ping is of a stream (RFC 9113, section 6.7)"}
	case len(payload) != 8:
		return &connError{code: frameSizeError, detail: "a frame has not the length of its type"}
	case h.has(ack):
		l.side.pong()
		return l.idle()
	}
	l.out.buf = append(appendHead(l.out.buf, head{8, pingFrame, ack, 0}), payload...)
	return l.idle()
}

func (l *link) goAway(h head, payload []byte) error {
	switch {
	case h.stream != 0:
		return &connError{code: protocolError, detail: "a connection's end is of a stream (RFC 9113, section 6.8)"}
	case len(payload) < 8:
		return &connError{code: frameSizeError, detail: "a frame has not the length of its type"}
	}
	l.side.goAway(binary.BigEndian.Uint32(payload)&maxStream, errorCode(binary.BigEndian.Uint32(payload[4:])))
	return l.idle()
}

func (l *link) priority(h head, payload []byte) error {
	switch {
	case h.stream == 0:
		return &connError{code: protocolError, detail: "a priority is of no stream (RFC 9113, section 6.3)"}
	case len(payload) != 5:
		return &connError{code: frameSizeError, detail: "a frame has not the length of its type"}
	case binary.BigEndian.Uint32(payload)&maxStream == h.stream:
		return &connError{code: protocolError, detail: "a stream depends on itself"}
	}
	return l.idle()
}
