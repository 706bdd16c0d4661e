package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// KernelSet names the set of kernels that networks run on in this process.
func KernelSet() string { return kernel.Active().Name }
