// probe is a user of masterdata: it calls every method with the original's own Go client and prints one line of JSON
// a call. Run against the original and against ours, both lists can be compared line by line.
//
//	probe certificates DIRECTORY        makes ca.pem, server.pem, client.pem, their keys, and stranger.pem of another CA
//	probe calls HOST:PORT DIRECTORY HMACKEY
//	probe bench HOST:PORT DIRECTORY HMACKEY CLIENTS SECONDS
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/metal-stack/masterdata-api/pkg/client"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "certificates":
		return makeCertificates(args[1])
	case len(args) == 4 && args[0] == "calls":
		return calls(args[1], args[2], args[3])
	case len(args) == 6 && args[0] == "bench":
		clients, err := strconv.Atoi(args[4])
		if err != nil {
			return err
		}
		seconds, err := strconv.ParseFloat(args[5], 64)
		if err != nil {
			return err
		}
		return bench(args[1], args[2], args[3], clients, time.Duration(seconds*float64(time.Second)))
	default:
		return fmt.Errorf("usage: probe certificates|calls|bench …, not %v", args)
	}
}

// connect makes the original's client; an empty key sends no HMAC, an empty certificate uses no TLS.
func connect(address, directory, certificate, key, namespace string) (client.Client, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	config := &client.Config{
		Hostname:  host,
		Port:      uint(port),
		CaFile:    directory + "/ca.pem",
		HmacKey:   key,
		Namespace: namespace,
	}
	if certificate != "" {
		config.CertFile = directory + "/" + certificate + ".pem"
		config.KeyFile = directory + "/" + certificate + "-key.pem"
	}
	return client.NewClient(config)
}
