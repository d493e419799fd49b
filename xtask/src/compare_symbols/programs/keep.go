// Generics, closures, methods and inlining, for `cargo xtask compare-symbols`.
package main

import (
	"fmt"
	"os"
	"sort"
)

type shape interface{ area() int }
type square struct{ side int }

func (s *square) area() int { return s.side * s.side }

func apply[T any](values []T, function func(T) int) (total int) {
	for _, value := range values {
		total += function(value)
	}
	return total
}

//go:noinline
func fill(count int) (shapes []shape) {
	for round := 0; round < 10; round++ {
		shapes = append(shapes, &square{round + count})
	}
	return shapes
}

func main() {
	shapes := fill(len(os.Args))
	sort.Slice(shapes, func(one, other int) bool { return shapes[one].area() > shapes[other].area() })
	total := apply(shapes, func(s shape) int { return s.area() + len(os.Args) })
	fmt.Println(total, apply([]string{"a", "bc"}, func(text string) int { return len(text) }))
}
