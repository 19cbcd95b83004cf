// SPDX-License-Identifier: GPL-3.0-or-later

// Flaky_mirror serves the files of a directory with the faults that its flags ask for, so that tests can watch hosts download
// an artifact in spite of them.
//
//	mirror -listen :9000 -cut 300000    reset the connection of every response after this many bytes
//	mirror -listen :9001 -secret s3     answer 403, except for ?signature=s3
//	mirror -listen :9002 -cert FILE     TLS with a self-signed certificate for -name, which it writes to FILE
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

var (
	directory = flag.String("directory", ".", "what is served")
	listen    = flag.String("listen", ":9000", "address")
	cut       = flag.Int("cut", 0, "bytes after which a connection ends; 0 for never")
	secret    = flag.String("secret", "", "what the query's signature has to be")
	certFile  = flag.String("cert", "", "serve TLS, and write the certificate to this file")
	name      = flag.String("name", "localhost", "the name that the certificate is for")
)

func main() {
	flag.Parse()
	server := &http.Server{Addr: *listen, Handler: http.HandlerFunc(answer)}
	if *certFile == "" {
		log.Fatal(server.ListenAndServe())
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

func answer(writer http.ResponseWriter, request *http.Request) {
	log.Printf("%s %s %s", request.Method, request.URL.Path, request.Header.Get("Range"))
	if *secret != "" && request.URL.Query().Get("signature") != *secret {
		http.Error(writer, "signature", http.StatusForbidden)
		return
	}
	if *cut > 0 {
		writer = &short{ResponseWriter: writer, left: *cut}
	}
	http.FileServer(http.Dir(*directory)).ServeHTTP(writer, request)
}

// short is a writer whose connection breaks.
type short struct {
	http.ResponseWriter
	left int
}

func (s *short) Write(data []byte) (int, error) {
	if len(data) < s.left {
		s.left -= len(data)
		return s.ResponseWriter.Write(data)
	}
	_, _ = s.ResponseWriter.Write(data[:s.left])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{*name},
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	check(err)
	check(os.WriteFile(*certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o644))
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
