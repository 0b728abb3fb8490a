// A program that shows its profiles, keeps one megabyte, and lets go of another.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
)

var kept [][]byte

func keep() {
	for i := 0; i < 256; i++ {
		kept = append(kept, make([]byte, 4096))
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	keep()
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, nil))
}
