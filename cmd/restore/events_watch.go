package main

import (
	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/watch"
)

type (
	retryEvent struct {
		head
		itemNames
		After float64    `json:"after"`
		Error errorFacts `json:"error"`
	}
	watchEvent struct {
		head
		Kind        string      `json:"kind"`
		Path        string      `json:"path,omitempty"`
		PathBytes   []byte      `json:"path_bytes,omitempty"`
		Rel         string      `json:"rel,omitempty"`
		RelBytes    []byte      `json:"rel_bytes,omitempty"`
		Target      string      `json:"target,omitempty"`
		TargetBytes []byte      `json:"target_bytes,omitempty"`
		Error       *errorFacts `json:"error,omitempty"`
	}
)

// notify writes what happened in a watched folder beside the pictures' results.
// It is a watch.Options.Notify.
func (e *events) notify(w watch.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.Kind == watch.Retrying {
		e.write(retryEvent{head: e.head("retry"), itemNames: namesOf(pipeline.Item{Path: w.Path, Rel: w.Rel}), After: milli(w.Wait.Seconds()), Error: factsOf(w.Err)})
		return
	}
	event := watchEvent{head: e.head("watch"), Kind: string(w.Kind)}
	event.Path, event.PathBytes = textOrBytes(w.Path)
	event.Rel, event.RelBytes = textOrBytes(w.Rel)
	event.Target, event.TargetBytes = textOrBytes(w.Target)
	if w.Err != nil {
		f := factsOf(w.Err)
		event.Error = &f
	}
	e.write(event)
}

// leave takes note of how many files are not done at the end of a watch, whose
// total nobody knows.
func (e *events) leave(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open = n
}
