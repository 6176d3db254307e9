//go:build !xnet

package main

import (
	"crypto/tls"
	"net/http"
)

// Of net/http alone: over TLS only, and as many connections as it likes.
func newHTTP2(trust *tls.Config, connections int) http.RoundTripper {
	return &http.Transport{ForceAttemptHTTP2: true, DisableCompression: true, TLSClientConfig: trust}
}
