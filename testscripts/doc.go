// Package testscripts holds the tests of the whole: scripts (*.txtar) that run the built commands as their users
// do and compare complete outputs, and the test that keeps the layers apart.
package testscripts
