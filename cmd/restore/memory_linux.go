package main

import (
	"bufio"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// machineMemory is the memory of the machine, or less where the process's
// control group (a container, a systemd unit) is allowed less; 0 where that
// cannot be told.
func machineMemory() int64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0
	}
	total := int64(info.Totalram) * int64(info.Unit)
	if limit := groupMemory("/proc/self/cgroup", "/sys/fs/cgroup"); limit > 0 {
		total = min(total, limit)
	}
	return total
}

// groupMemory is the least limit of a process's control group and those above
// it, of version 1 or 2 (cgroups(7)), or 0 where there is none. list names the
// groups: lines of ID:CONTROLLERS:PATH, without controllers for version 2. In
// a container, the path may be one that only its host sees; then the root of the
// tree is the container's own group.
func groupMemory(list, root string) (limit int64) {
	f, err := os.Open(list)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		tree, name := root, "memory.max"
		if parts[1] != "" {
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
			tree, name = path.Join(root, "memory"), "memory.limit_in_bytes"
		}
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			if bytes := readLimit(path.Join(tree, group, name)); bytes > 0 && (limit == 0 || bytes < limit) {
				limit = bytes
			}
			if group == "/" {
				break
			}
		}
	}
	return limit
}

// readLimit reads a file that holds a number of bytes; "max" is no limit, and
// neither is the number near 1<<63 that version 1 writes.
func readLimit(name string) int64 {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	bytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || bytes >= 1<<60 {
		return 0
	}
	return bytes
}
