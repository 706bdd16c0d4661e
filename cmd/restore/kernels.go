package main

// kernelSet names the set of kernels in use: the portable ones are all that
// there are.
func kernelSet() string { return "generic" }
