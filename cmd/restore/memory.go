package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/urfave/cli/v2"
)

func memoryFlag() cli.Flag {
	return &cli.StringFlag{Name: "memory", Usage: "most memory to use, `SIZE`: 4GiB, 800MB, or 50% of what the machine or the container has", DefaultText: "50%"}
}

// fallbackMemory is what a system is taken to have that does not tell.
const fallbackMemory = 4 << 30

// memory is what --memory allows, in bytes.
func memory(c *cli.Context) (int64, error) {
	text := cmp.Or(c.String("memory"), "50%")
	bytes, err := parseSize(text, func() int64 { return cmp.Or(machineMemory(), fallbackMemory) })
	if err != nil {
		return 0, usagef("option --memory: %w", err)
	}
	return bytes, nil
}

// setMemoryLimit tells Go's collector of the budget: without that, garbage
// would grow until it is as large as what lives. It is the process's own, so only
// programs do it.
func setMemoryLimit(budget int64) {
	debug.SetMemoryLimit(max(budget-pipeline.OutsideHeap, 1<<20))
}

// units of sizes. Powers of 1024 have an i, or a single letter.
var units = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}, {"b", 1}, {"", 1},
}

// leastBare is the least number of bytes that may stand without a unit: below it,
// one was forgotten.
const leastBare = 1 << 20

// parseSize reads a number of bytes: 4GiB, 800MB, 1.5G, 12345678, or a part of
// what whole returns: 50%.
func parseSize(text string, whole func() int64) (int64, error) {
	number, factor := strings.ToLower(strings.TrimSpace(text)), 0.0
	part, ok := strings.CutSuffix(number, "%")
	if ok {
		number, factor = part, float64(whole())/100
	}
	for _, u := range units {
		if before, ok := strings.CutSuffix(number, u.name); ok && factor == 0 {
			number, factor = before, u.bytes
		}
	}
	bare := number == strings.ToLower(strings.TrimSpace(text))
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch bytes := value * factor; {
	case err != nil || !(bytes >= 1 && bytes < 1<<62):
		return 0, fmt.Errorf("%q is no size: write 4GiB, 800MB or 50%%", text)
	case bare && bytes < leastBare:
		return 0, fmt.Errorf("%s bytes are too few; write a unit: %sGiB, %sMiB, GB, MB, or %% of what the machine has", number, number, number)
	case ok && value > 100:
		return 0, fmt.Errorf("%s is more than there is", text)
	default:
		return int64(bytes), nil
	}
}
