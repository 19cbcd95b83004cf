// SPDX-License-Identifier: GPL-3.0-or-later

// Registry is go-containerregistry's registry with the referrers API, with a password, and with TLS if a certificate is given. It
// prints each request. With -room it takes so many bytes and no more, as a registry with a quota does.
//
//	registry -listen :5001 -certificate server.crt -key server.key -user shop -password secret -room 1000000
package main

import (
	"crypto/subtle"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	noRoom = `{"errors": [{"code": "DENIED", "message": "the quota of this project is exceeded"}]}`
	noUser = `{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}`
)

func main() {
	listen := flag.String("listen", ":5000", "address to listen on")
	certificate := flag.String("certificate", "", "file of the certificate")
	key := flag.String("key", "", "file of its key")
	user := flag.String("user", "", "name that is asked for")
	password := flag.String("password", "", "its password")
	public := flag.Bool("public", false, "let everybody read")
	room := flag.Int64("room", 1<<40, "bytes that are taken")
	flag.Parse()

	quiet := registry.Logger(log.New(io.Discard, "", 0))
	served := limited(registry.New(registry.WithReferrersSupport(true), quiet), *room)
	served = logged(protected(served, *user, *password, *public))
	// Without HTTP/2: the registry reads one blob at a time, and another one on the same connection would fill its window.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	server := &http.Server{Addr: *listen, Handler: served, Protocols: protocols}
	var err error
	if *certificate == "" {
		err = server.ListenAndServe()
	} else {
		err = server.ListenAndServeTLS(*certificate, *key)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		fmt.Println(request.Method, request.URL.Path)
		next.ServeHTTP(answer, request)
	})
}

func protected(next http.Handler, user, password string, public bool) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		name, word, _ := request.BasicAuth()
		reads := request.Method == http.MethodGet || request.Method == http.MethodHead
		// Before a push, /v2/ says whether a password is needed.
		if public && reads && request.URL.Path != "/v2/" {
			next.ServeHTTP(answer, request)
			return
		}
		if subtle.ConstantTimeCompare([]byte(name+"\n"+word), []byte(user+"\n"+password)) != 1 {
			answer.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			refuse(answer, http.StatusUnauthorized, noUser)
			return
		}
		next.ServeHTTP(answer, request)
	})
}

func limited(next http.Handler, room int64) http.Handler {
	var taken atomic.Int64
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.ContentLength > 0 && taken.Add(request.ContentLength) > room {
			refuse(answer, http.StatusForbidden, noRoom)
			return
		}
		next.ServeHTTP(answer, request)
	})
}

func refuse(answer http.ResponseWriter, status int, body string) {
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(status)
	fmt.Fprintln(answer, body)
}
