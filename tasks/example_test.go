package tasks_test

import (
	"fmt"

	"github.com/cae-restore/restore/tasks"
)

// Options of a task are the tagged fields of a struct.
func ExampleSetOption() {
	type options struct {
		Strength float64 `opt:"strength" help:"how strong" min:"0" max:"10"`
		Mode     string  `opt:"mode" help:"how" values:"fast|best"`
	}
	o := &options{Strength: 1, Mode: "fast"}
	for _, option := range tasks.Options(o) {
		fmt.Printf("%s (%s), %s by default\n", option.Name, option.Values, option.Default)
	}
	fmt.Println(tasks.SetOption(o, "strength", "2.5"), o.Strength)
	fmt.Println(tasks.SetOption(o, "strength", "11"))
	fmt.Println(tasks.SetOption(o, "mode", "slow"))
	fmt.Println(tasks.SetOption(o, "speed", "1"))
	// Output:
	// strength (0..10), 1 by default
	// mode (fast|best), fast by default
	// <nil> 2.5
	// option strength: 11 is more than 10, the most allowed
	// option mode: "slow" is none of fast, best
	// unknown option "speed"; there are: strength, mode
}
