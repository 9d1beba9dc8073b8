package diag

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	InformationURI string      `json:"informationUri"`
	Version        string      `json:"version,omitempty"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifLocation struct {
	ID       *int           `json:"id,omitempty"`
	Message  *sarifText     `json:"message,omitempty"`
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI     string `json:"uri"`
	URIBase string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn,omitempty"`
}

// writeSARIF prints the Static Analysis Results Interchange Format, version 2.1.0. A finding's fingerprint is
// made of its code, path and message, so that it stays the same finding when lines move.
func writeSARIF(w io.Writer, l List, o Options) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{
		Name: "gwc", InformationURI: "https://gwc.dev", Version: o.Version, Rules: []sarifRule{},
	}
	codes := map[string]int{}
	for _, f := range slices.SortedFunc(slices.Values(l), func(a, b Finding) int { return cmp.Compare(a.Code, b.Code) }) {
		if _, ok := codes[f.Code]; !ok {
			codes[f.Code] = len(codes)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
				ID: f.Code, ShortDescription: sarifText{strings.ReplaceAll(f.Code, "-", " ")},
			})
		}
	}
	seen := map[string]int{}
	for _, f := range l {
		r := sarifResult{
			RuleID: f.Code, RuleIndex: codes[f.Code], Message: sarifText{oneLine(f.Message)},
			Level: map[Severity]string{Error: "error", Warning: "warning", Info: "note"}[f.Severity],
		}
		if f.Hint != "" {
			r.Message.Text += "\nhelp: " + strings.Join(block(f.Hint), "\n")
		}
		if at := location(f.Position, string(f.Path)); at != nil {
			r.Locations = []sarifLocation{*at}
		}
		for i, related := range f.Related {
			if at := location(related.Position, string(related.Path)); at != nil {
				at.ID, at.Message = &i, &sarifText{oneLine(related.Message)}
				r.Related = append(r.Related, *at)
			}
		}
		sum := fingerprint(f)
		seen[sum]++
		r.Fingerprints = map[string]string{"gwc/v1": fmt.Sprintf("%s:%d", sum, seen[sum])}
		run.Results = append(run.Results, r)
	}
	return encodeIndented(w, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func fingerprint(f Finding) string {
	sum := sha256.Sum256([]byte(f.Code + "\x00" + string(f.Path) + "\x00" + f.Message))
	return hex.EncodeToString(sum[:16])
}

// location returns nil where nothing is known.
func location(p Position, name string) *sarifLocation {
	var l sarifLocation
	if p.File != "" {
		l.Physical = &sarifPhysical{Artifact: artifact(p.File)}
		if p.Line > 0 {
			l.Physical.Region = &sarifRegion{Line: p.Line, Column: max(p.Column, 0)}
		}
	}
	if name != "" {
		l.Logical = []sarifLogical{{Name: name, Kind: "member"}}
	}
	if l.Physical == nil && l.Logical == nil {
		return nil
	}
	return &l
}

// artifact returns a file's address: relative to the root of the sources, unless the file lies outside.
func artifact(file string) sarifArtifact {
	if path.IsAbs(file) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: file}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: file}).String(), URIBase: "%SRCROOT%"}
}
