package kernel

// Set names the kernels in use. There is one so far: portable Go, with gonum's
// matrix product.
func Set() string { return "generic" }
