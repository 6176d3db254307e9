//go:build xnet

package main

import (
	"crypto/tls"
	"net"
	"net/http"

	"golang.org/x/net/http2"
)

// Of golang.org/x/net: without TLS too.
func newHTTP2(trust *tls.Config, connections int) http.RoundTripper {
	transport := &http2.Transport{
		DisableCompression:         true,
		TLSClientConfig:            trust,
		StrictMaxConcurrentStreams: connections == 1,
	}
	if trust == nil {
		transport.AllowHTTP = true
		transport.DialTLS = func(network, address string, _ *tls.Config) (net.Conn, error) {
			return net.Dial(network, address)
		}
	}
	return transport
}
