package main

import (
	"syscall"
	"unsafe"
)

var globalMemoryStatusEx = syscall.NewLazyDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// machineMemory is the memory of the machine, 0 where that cannot be told.
func machineMemory() int64 {
	// MEMORYSTATUSEX of the Windows API.
	var status struct {
		length, load                     uint32
		totalPhysical, availablePhysical uint64
		rest                             [5]uint64
	}
	status.length = uint32(unsafe.Sizeof(status))
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0
	}
	return int64(status.totalPhysical)
}
