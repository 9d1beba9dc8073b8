// Package render turns a model into the files that a cluster needs to run and watch the gateway.
//
// A [Target] renders one kind of output: package kube the proxies' Deployment and what stands around it, package
// prometheus rules, alerts and a dashboard, package flux the objects that bring all of it into a cluster. [Render]
// runs them, applies the environment's own kustomization.yaml to what they return, and adds the kustomization
// files that make the output a directory which kustomize and Flux build. [Write] puts it on a disk, whole or not
// at all.
//
//	output, err := render.Render(render.Input{Gateway: model, Reference: "oci://registry/gateway@sha256:..."})
//	changes, err := render.Write("out", output.Files)
//
// Output is deterministic: the same input gives the same bytes. It never holds a secret's value. An error about
// the model has a [schema.Problem] in its tree for each thing that is wrong, so that whoever knows positions can
// show them; every other error is about the caller's own arguments or the overlay's files, and names them.
package render

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"gwc.dev/compiler/render/flux"
	"gwc.dev/compiler/render/kube"
	"gwc.dev/compiler/render/manifest"
	"gwc.dev/compiler/render/prometheus"
)

// Input is what is rendered.
type Input = manifest.Input

// File is one rendered file.
type File = manifest.File

// Output is what was rendered, and what was read for it beside the input.
type Output struct {
	Files   []File   // sorted by path
	Sources []Source // of the overlay, sorted by path
}

// A Source is a file of an overlay, as it was read.
type Source struct {
	Path string // on the disk, absolute
	Data []byte
}

// A Target renders one kind of output into a directory of its own name.
type Target interface {
	Name() string
	Render(Input) ([]File, error)
}

// Targets returns every target, in the order in which a cluster needs what they render.
func Targets() []Target {
	return []Target{
		kube.Target{},
		prometheus.Target{},
		flux.Target{},
	}
}

// Render returns the files of the targets with these names; no name stands for all of them.
//
// An overlay is applied to all targets together, so that a patch finds what it patches whichever targets are
// asked for. What it adds comes with the target kube.
func Render(in Input, names ...string) (Output, error) {
	wanted, err := choose(names)
	if err != nil {
		return Output{}, err
	}
	if in.Gateway == nil || in.Gateway.Targets == nil || in.Gateway.Targets.Kube == nil ||
		in.Gateway.Targets.Prometheus == nil || in.Gateway.Targets.Flux == nil {
		return Output{}, errors.New("rendering: the model is not resolved")
	}
	patches, err := findOverlay(in.Overlay)
	if err != nil {
		return Output{}, err
	}
	if wanted[kube.Target{}.Name()] || wanted[flux.Target{}.Name()] || patches != "" {
		// Said once here, and not by each of them.
		if _, err := in.Bundle(); err != nil {
			return Output{}, err
		}
	}
	var files []File
	var problems []error
	for _, t := range Targets() {
		if !wanted[t.Name()] && patches == "" {
			continue
		}
		rendered, err := t.Render(in)
		if err != nil {
			problems = append(problems, fmt.Errorf("rendering %s: %w", t.Name(), err))
		}
		files = append(files, rendered...)
	}
	if err := errors.Join(problems...); err != nil {
		return Output{}, err
	}
	var sources []Source
	if patches != "" {
		if files, sources, err = applyOverlay(patches, files); err != nil {
			return Output{}, err
		}
	}
	wanted[overlayDir] = wanted[kube.Target{}.Name()]
	files = slices.DeleteFunc(files, func(f File) bool { return !wanted[top(f.Path)] })
	if files, err = withKustomizations(files); err != nil {
		return Output{}, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return Output{files, sources}, nil
}

// choose returns the set of targets that names name.
func choose(names []string) (map[string]bool, error) {
	wanted, known := map[string]bool{}, []string{}
	for _, t := range Targets() {
		known = append(known, t.Name())
		wanted[t.Name()] = len(names) == 0
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no target %q: want %s", name, strings.Join(known, ", "))
		}
		wanted[name] = true
	}
	return wanted, nil
}

// withKustomizations adds to files a kustomization for each directory, and one at the top that names those, so
// that the whole and each target build.
func withKustomizations(files []File) ([]File, error) {
	members := map[string][]string{}
	var dirs []string
	for _, f := range files {
		dir := top(f.Path)
		if members[dir] == nil {
			dirs = append(dirs, dir)
		}
		members[dir] = append(members[dir], strings.TrimPrefix(f.Path, dir+"/"))
	}
	for _, dir := range dirs {
		slices.Sort(members[dir])
		f, err := kustomization(dir, members[dir])
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	f, err := kustomization("", dirs)
	if err != nil {
		return nil, err
	}
	return append(files, f), nil
}

func kustomization(dir string, resources []string) (File, error) {
	k := struct {
		types.TypeMeta `json:",inline"`
		Resources      []string `json:"resources"`
	}{types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind}, resources}
	data, err := yaml.Marshal(k)
	if err != nil {
		return File{}, fmt.Errorf("encoding a kustomization: %w", err)
	}
	return File{Path: path.Join(dir, "kustomization.yaml"), Data: data}, nil
}

// top returns the first element of a path.
func top(p string) string {
	first, _, _ := strings.Cut(p, "/")
	return first
}
