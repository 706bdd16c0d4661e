package main

import "fmt"

// count writes a number of things: "1 picture", "2 pictures".
func count[N int | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
