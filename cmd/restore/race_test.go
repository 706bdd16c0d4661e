//go:build race

package main

// raceDetector tells that memory is not what it is without: the detector keeps
// several bytes for each.
const raceDetector = true
