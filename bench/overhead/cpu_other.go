//go:build !linux

package main

import "time"

var began = time.Now()

// threadSeconds stands for processor time where it is not told: the clock, which
// is the same on a machine that does nothing else.
func threadSeconds() float64 { return time.Since(began).Seconds() }

// processSeconds is not told here.
func processSeconds() float64 { return 0 }

// delaySeconds is not told here.
func delaySeconds() float64 { return 0 }
