//go:build !linux

package http1

import "net"

// A socket reads and writes a connection as package net does.
type socket struct{}

func (s *socket) init(net.Conn) {}

func (w *wire) read(p []byte) (int, error)  { return w.Conn.Read(p) }
func (w *wire) write(p []byte) (int, error) { return w.Conn.Write(p) }

// owe makes the next read write b first; false: it has to be written before.
func (w *wire) owe([]byte) bool { return false }
