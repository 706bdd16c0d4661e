package kernel

import (
	"fmt"
	"os"
	"strings"
)

//go:generate go run -C _asm . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel

// Variable is the environment variable that names the set to use.
const Variable = "RESTORE_KERNEL"

// chosen is made once, when the process starts: a run computes all its pictures
// with one set.
var chosen = choose(strings.ToLower(os.Getenv(Variable)), Sets())

type choice struct {
	set     *Set
	problem error
}

// choose picks the set called name, or the first of sets where the name is
// empty or not among them, which is a problem.
func choose(name string, sets []*Set) choice {
	if name == "" {
		return choice{set: sets[0]}
	}
	var names []string
	for _, s := range sets {
		if s.Name == name {
			return choice{set: s}
		}
		names = append(names, s.Name)
	}
	return choice{sets[0], fmt.Errorf("%s=%s: this CPU and this build have no such kernels, so %s is used; set it to one of: %s",
		Variable, name, sets[0].Name, strings.Join(names, ", "))}
}

// Active is the set in use, chosen once when the process starts: the one that
// RESTORE_KERNEL names or else the quickest that the CPU can run.
func Active() *Set { return chosen.set }

// Problem says what is wrong with RESTORE_KERNEL: a name that stands for no set
// or for one that this CPU or this build does not have. It is nil where
// nothing is wrong. The package goes on with the quickest set.
func Problem() error { return chosen.problem }

// Sets returns the sets that this CPU can run, the quickest first; generic is
// always the last.
func Sets() []*Set { return append(assemblySets(), &generic) }
