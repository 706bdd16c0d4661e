//go:build !purego && !noasm

package kernel

import "golang.org/x/sys/cpu"

// assemblySets returns the sets in assembly that the CPU and the operating
// system support. cpu's flags count the system in.
func assemblySets() (sets []*Set) {
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512BW {
		sets = append(sets, &avx512)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append(sets, &avx2)
	}
	return sets
}

// Note is a sentence for users whose CPU is slow for want of instructions, ""
// for others.
func Note() string {
	if len(assemblySets()) > 0 {
		return ""
	}
	return "this CPU has no AVX2: the portable kernels are used, which are about ten times slower"
}

// assemblyPeak is the loop for Peak of the set called name, and how many lanes
// its registers have; nil for generic.
func assemblyPeak(name string) (f func(n int), lanes int) {
	switch name {
	case avx512.Name:
		return peakAVX512, 16
	case avx2.Name:
		return peakAVX2, 8
	}
	return nil, 0
}
