package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// threadSeconds is the processor time that the calling thread has taken.
func threadSeconds() float64 { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

// processSeconds is the processor time that the process has taken.
func processSeconds() float64 { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clock(id int32) float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0
	}
	return float64(t.Sec) + float64(t.Nsec)/1e9
}

// delaySeconds is how long the process's threads were ready to run while other
// threads, of this process or another, held the processors (the second number of
// schedstat, see proc(5)).
func delaySeconds() (sum float64) {
	names, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, name := range names {
		var ran, waited int64
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		if _, err := fmt.Sscan(string(text), &ran, &waited); err == nil {
			sum += float64(waited) / 1e9
		}
	}
	return sum
}
