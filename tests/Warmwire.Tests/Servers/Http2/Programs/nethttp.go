// A server of Go's net/http: files, uploads that it reads, and answers that do not wait for the request.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
)

func main() {
	port := flag.Int("port", 0, "where to listen, on loopback")
	dir := flag.String("dir", ".", "has cert.pem, key.pem and the folder files")
	flag.Parse()

	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(*dir+"/files")))
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err == nil {
			fmt.Fprint(w, n)
		}
	})
	mux.HandleFunc("/early/", func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(path.Base(r.URL.Path))
		w.WriteHeader(status)
		io.WriteString(w, "no")
	})

	err := http.ListenAndServeTLS(fmt.Sprintf("127.0.0.1:%d", *port), *dir+"/cert.pem", *dir+"/key.pem", mux)
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
