module liveheap/bench

go 1.24
