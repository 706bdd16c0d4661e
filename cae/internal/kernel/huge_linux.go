package kernel

import (
	"syscall"
	"unsafe"
)

// hugeBytes is the size of a large page of the processors that matter here.
const hugeBytes = 2 << 20

// advise asks the system to back s with large pages, where it leaves that to
// programs ("madvise" in /sys/kernel/mm/transparent_hugepage/enabled): memory
// that is used for the first time then costs one page fault where it would cost
// hundreds. That changes nothing but speed, so an error is of no interest.
func advise(s []float32) {
	const size = unsafe.Sizeof(float32(0))
	if uintptr(len(s))*size < 2*hugeBytes {
		return
	}
	const adviceHuge = 14 // MADV_HUGEPAGE
	first := (hugeBytes - uintptr(unsafe.Pointer(unsafe.SliceData(s)))%hugeBytes) % hugeBytes / size
	n := (uintptr(len(s)) - first) * size / hugeBytes * hugeBytes
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(&s[first])), n), adviceHuge)
}
