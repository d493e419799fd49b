// A small Go server whose heap grows with each request to /test, for comparing the command with
// the real pprof on a profile that Go itself wrote. It prints its address first.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"strings"
)

type store struct {
	kept  [][]byte
	names map[string]int
}

func (s *store) keep(size int) {
	block := make([]byte, size)
	s.kept = append(s.kept, block)
}

func (s *store) remember(request int) {
	for i := 0; i < 200; i++ {
		s.names[strings.Repeat("name", 1+i%7)+fmt.Sprint(request, i)] = i
	}
}

func main() {
	runtime.MemProfileRate = 4096
	all := &store{names: map[string]int{}}
	requests := 0
	http.HandleFunc("/test", func(w http.ResponseWriter, r *http.Request) {
		requests++
		all.keep(1 << 16)
		all.remember(requests)
		fmt.Fprintln(w, "ok")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
