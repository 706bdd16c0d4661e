//go:build !amd64 || purego || noasm

package kernel

func assemblySets() []*Set { return nil }

// Note is a sentence for users whose CPU is slow for want of instructions, ""
// for others.
func Note() string { return "" }

func assemblyPeak(string) (f func(n int), lanes int) { return nil, 0 }
