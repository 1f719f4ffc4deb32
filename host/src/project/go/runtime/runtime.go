// Package runtime is what generated bindings need of memory: blocks that Go's garbage collector leaves alone while
// the host reads or writes them. It stands for the package of the same path that wit-bindgen names, so that a build
// needs no network; without streams, futures and resources of the component model, which tasks do not have.
package runtime

import (
	"runtime"
	"unsafe"
)

// Allocate makes a block that stays where it is until the pinner lets it go.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	// No type of the component model is aligned to more than the 8 bytes of a word here.
	block := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(block)
	return block
}

// What the host put into our memory and the generated code has not taken over yet.
var lent runtime.Pinner

// Unpin leaves to the garbage collector what the host put into our memory: by now Go values refer to it.
func Unpin() {
	lent.Unpin()
}

// The collector reads the clock, and may run in cabiRealloc, during which the component model forbids to call the
// host: the adapter of WASI answers from memory meanwhile.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// What the adapter of WASI asks for before Go has started, when nothing may be allocated: its state, 64 KiB.
var (
	started bool
	early   [256 << 10]byte
	taken   uintptr
)

func init() {
	started = true
}

// The host asks for memory before it hands over texts and lists.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("the host never resizes a block")
	}
	if !started {
		start := uintptr(unsafe.Pointer(&early))
		at := (start+taken+align-1)&^(align-1) - start
		taken = at + size
		return unsafe.Pointer(&early[at : at+size][0])
	}
	pauseClock(true)
	block := Allocate(&lent, size, align)
	pauseClock(false)
	return block
}
