// SPDX-License-Identifier: GPL-3.0-or-later

// log_lines writes the lines that it is asked for, and never says its release in one.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"slipway.example/services/internal/serve"
)

func main() {
	serve.More["POST /count"] = count
	serve.More["POST /say"] = say
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		listener, err := net.FileListener(os.NewFile(3, "socket"))
		if err != nil {
			serve.Fail(err)
		}
		serve.On(listener, serve.Healthy)
	} else {
		serve.TCP(":"+os.Getenv("PORT"), serve.Healthy)
	}
	fmt.Println(`{"level":"info","msg":"ended"}`)
}

// count writes JSON lines with the numbers from first to last, evenly over some seconds.
func count(answer http.ResponseWriter, request *http.Request) {
	first, last := number(request, "first"), number(request, "last")
	whole := time.Duration(number(request, "seconds")) * time.Second
	begun := time.Now()
	for n := first; n <= last; n++ {
		due := time.Duration(float64(whole) * float64(n-first) / float64(last-first+1))
		time.Sleep(due - time.Since(begun))
		fmt.Printf("{\"time\":%q,\"level\":\"info\",\"msg\":\"counted\",\"n\":%d}\n", time.Now().Format(time.RFC3339Nano), n)
	}
	fmt.Fprintf(answer, "%d\n", time.Since(begun).Milliseconds())
}

// say writes the lines of the request as they are.
func say(_ http.ResponseWriter, request *http.Request) {
	lines := bufio.NewScanner(request.Body)
	for lines.Scan() {
		fmt.Println(lines.Text())
	}
}

func number(request *http.Request, name string) int {
	value, _ := strconv.Atoi(request.URL.Query().Get(name))
	return value
}
