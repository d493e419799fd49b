// The workloads of this folder's Rust programs that say something in Go: small objects and large
// buffers, replaced at random. In: lines of a workload's name and a number of blocks. Out: the CPU
// time that these took, in nanoseconds, one line each. BENCH_SAMPLE_RATE is the profiler's rate in
// bytes; 0 turns it off.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

const (
	windowObjects = 100_000
	steps         = 100_000
	bufferCount   = 64
)

type random uint64

func (r *random) below(limit int) int {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return int(uint64(*r)>>33) % limit
}

var (
	windowRandom  = random(1)
	buffersRandom = random(3)
	objects       [][]byte
	buffers       [][]byte
)

// deep calls work below some frames, as a program's own code is.
//
//go:noinline
func deep(depth int, work func()) {
	if depth == 0 {
		work()
	} else {
		deep(depth-1, work)
	}
}

//go:noinline
func first(size int) []byte { return make([]byte, size) }

//go:noinline
func second(size int) []byte { return make([]byte, size) }

//go:noinline
func third(size int) []byte { return make([]byte, size) }

//go:noinline
func fourth(size int) []byte { return make([]byte, size) }

func window() {
	if objects == nil {
		objects = make([][]byte, windowObjects)
	}
	sites := [...]func(int) []byte{first, second, third, fourth}
	for range steps {
		size := 16 + windowRandom.below(497)
		object := sites[windowRandom.below(4)](size)
		objects[windowRandom.below(windowObjects)] = object
	}
}

func replaceBuffers() {
	for range 2000 {
		buffer := make([]byte, 64<<10+buffersRandom.below(960<<10))
		for page := 0; page < len(buffer); page += 4096 {
			buffer[page] = 1
		}
		place := buffersRandom.below(bufferCount)
		if len(buffers) < bufferCount {
			buffers = append(buffers, buffer)
		} else {
			buffers[place] = buffer
		}
	}
}

func cpuNanos() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	rate, err := strconv.Atoi(os.Getenv("BENCH_SAMPLE_RATE"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: BENCH_SAMPLE_RATE is to be a number of bytes")
		os.Exit(1)
	}
	runtime.MemProfileRate = rate
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var name string
		var blocks int
		if _, err := fmt.Sscan(lines.Text(), &name, &blocks); err != nil {
			fmt.Fprintln(os.Stderr, "bench: say NAME BLOCKS, as in: window 10")
			os.Exit(1)
		}
		work, known := map[string]func(){"window": window, "buffers": replaceBuffers}[name]
		if !known {
			fmt.Fprintln(os.Stderr, "bench: there is no workload "+name)
			os.Exit(1)
		}
		started := cpuNanos()
		for range blocks {
			deep(12, work)
		}
		fmt.Println(cpuNanos() - started)
	}
}
