// A client of the bench on Go's net/http. It speaks the lines of Warmwire.Bench.Client: its arguments are a shape and name=value words,
// each "run seconds=3" on standard input is answered by one line of JSON.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	subBits = 6
	maxBits = 42
)

// The same buckets as Histogram.cs: 1/64 of their value wide.
type histogram struct {
	counts [(maxBits - subBits + 1) << subBits]int64
}

func (h *histogram) record(nanoseconds int64) {
	value := uint64(nanoseconds)
	index := value
	if value >= 1<<subBits {
		shift := uint(bits.Len64(value)) - 1 - subBits
		index = uint64(shift)<<subBits + value>>shift
	}
	atomic.AddInt64(&h.counts[index], 1)
}

func (h *histogram) clear() {
	for i := range h.counts {
		h.counts[i] = 0
	}
}

func (h *histogram) microseconds(percent float64) float64 {
	var total int64
	for _, count := range h.counts {
		total += count
	}
	rank := int64(percent / 100 * float64(total))
	var seen int64
	for index, count := range h.counts {
		seen += count
		if count > 0 && seen >= rank {
			if index < 2<<subBits {
				return float64(index) / 1000
			}
			shift := uint(index>>subBits) - 1
			return (float64(uint64(index-int(shift)<<subBits)<<shift) + float64(uint64(1)<<shift)/2) / 1000
		}
	}
	return 0
}

type load struct {
	client      *http.Client
	url         string
	body        []byte
	connections int
	major       int
	latencies   histogram
	requests    int64
	errors      int64
	bytes       int64
}

func (l *load) one(buffer []byte) error {
	method := http.MethodGet
	var body io.Reader
	if len(l.body) > 0 {
		method = http.MethodPost
		body = bytes.NewReader(l.body)
	}
	request, err := http.NewRequest(method, l.url, body)
	if err != nil {
		return err
	}
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	for {
		read, err := response.Body.Read(buffer)
		atomic.AddInt64(&l.bytes, int64(read))
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if response.StatusCode != http.StatusOK || response.ProtoMajor != l.major {
		return fmt.Errorf("status %d in %s", response.StatusCode, response.Proto)
	}
	return nil
}

func (l *load) run(seconds float64) {
	l.latencies.clear()
	l.requests, l.errors, l.bytes = 0, 0, 0
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	allocated := memory.TotalAlloc
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)

	start := time.Now()
	deadline := start.Add(time.Duration(seconds * float64(time.Second)))
	var tasks sync.WaitGroup
	for i := 0; i < l.connections; i++ {
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			buffer := make([]byte, 64*1024)
			from := time.Now()
			for from.Before(deadline) {
				if l.one(buffer) != nil && atomic.AddInt64(&l.errors, 1) >= 100 {
					break
				}
				atomic.AddInt64(&l.requests, 1)
				to := time.Now()
				l.latencies.record(int64(to.Sub(from)))
				from = to
			}
		}()
	}
	tasks.Wait()
	wall := time.Since(start)

	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	runtime.ReadMemStats(&memory)
	fmt.Printf(
		`{"requests":%d,"errors":%d,"bytes":%d,"wallUs":%d,"userUs":%d,"systemUs":%d,"voluntary":%d,"involuntary":%d,"allocated":%d,"p50Us":%.3f,"p99Us":%.3f,"p999Us":%.3f}`+"\n",
		l.requests, l.errors, l.bytes, wall.Microseconds(),
		(after.Utime.Nano()-before.Utime.Nano())/1000, (after.Stime.Nano()-before.Stime.Nano())/1000,
		after.Nvcsw-before.Nvcsw, after.Nivcsw-before.Nivcsw, memory.TotalAlloc-allocated,
		l.latencies.microseconds(50), l.latencies.microseconds(99), l.latencies.microseconds(99.9))
}

func words(arguments []string) map[string]string {
	values := map[string]string{}
	for _, argument := range arguments {
		if name, value, found := strings.Cut(argument, "="); found {
			values[name] = value
		}
	}
	return values
}

func main() {
	settings := words(os.Args[2:])
	connections, _ := strconv.Atoi(settings["connections"])
	size, _ := strconv.Atoi(settings["body"])
	http2, _ := strconv.Atoi(settings["http2"])
	var trust *tls.Config
	if settings["insecure"] == "1" {
		trust = &tls.Config{InsecureSkipVerify: true}
	}
	l := &load{url: settings["url"], body: make([]byte, size), connections: connections, major: 1}
	if http2 == 0 {
		l.client = &http.Client{Transport: &http.Transport{
			MaxConnsPerHost:     connections,
			MaxIdleConnsPerHost: connections,
			MaxIdleConns:        connections,
			DisableCompression:  true,
			TLSClientConfig:     trust,
		}}
	} else {
		l.client = &http.Client{Transport: newHTTP2(trust, http2)}
		l.major = 2
		// The others find the connection of the first.
		if err := l.one(make([]byte, 64*1024)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}

	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		seconds, err := strconv.ParseFloat(words(strings.Fields(lines.Text()))["seconds"], 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "there is no order", lines.Text())
			os.Exit(2)
		}
		l.run(seconds)
	}
}
