package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// KernelSet names the set of kernels that networks run on in this process:
// avx512, avx2 or generic. It is chosen when the process starts: the quickest
// that the CPU can run, or the one that the environment variable RESTORE_KERNEL
// names.
func KernelSet() string { return kernel.Active().Name }

// KernelNote is what users should know of that choice, or "": that
// RESTORE_KERNEL names no set which can run here, or that this CPU has to make
// do with the portable kernels.
func KernelNote() string {
	if err := kernel.Problem(); err != nil {
		return err.Error()
	}
	return kernel.Note()
}
