// SPDX-License-Identifier: GPL-3.0-or-later

// Caller is a service that says what it finds in the system around it, so that tests can see what an image has.
//
//	/healthz          its version
//	/call?url=https:  calls the URL, and answers with the status
//	/zone?name=       the offset of a time zone in winter, in seconds
//	/read?path=       the content of a file
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

var version = "dev"

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("X-Release", version)
		fmt.Fprintf(answer, "caller %s, user %d\n", version, os.Getuid())
	})
	http.HandleFunc("GET /call", call)
	http.HandleFunc("GET /zone", zone)
	http.HandleFunc("GET /read", read)
	fmt.Println(http.ListenAndServe(":"+port, nil))
	os.Exit(1)
}

func call(answer http.ResponseWriter, request *http.Request) {
	called, err := http.Get(request.FormValue("url"))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadGateway)
		return
	}
	called.Body.Close()
	fmt.Fprintln(answer, called.StatusCode)
}

func zone(answer http.ResponseWriter, request *http.Request) {
	place, err := time.LoadLocation(request.FormValue("name"))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusNotFound)
		return
	}
	_, offset := time.Date(2026, 1, 1, 0, 0, 0, 0, place).Zone()
	fmt.Fprintln(answer, offset)
}

func read(answer http.ResponseWriter, request *http.Request) {
	content, err := os.ReadFile(request.FormValue("path"))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusNotFound)
		return
	}
	answer.Write(content)
}
