package kernel

// Active is the set in use, chosen once when the process starts.
func Active() *Set { return &generic }
