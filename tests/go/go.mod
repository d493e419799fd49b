module heapserver

go 1.21
