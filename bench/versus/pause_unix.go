//go:build unix

package main

import (
	"os"
	"syscall"
)

// canPause tells whether pause does anything on this system.
const canPause = true

// pause takes a process off the processor until resume.
func pause(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

func resume(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
