// Drives the real go-ipam library on PostgreSQL: `peer <socket directory> <database>` reads one JSON job a line on
// standard input, and answers each with one line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	ipam "github.com/metal-stack/go-ipam"
)

type job struct {
	Op      string // "load", or what to measure
	Dump    string // file to load
	Clients int
	Seconds float64
	Cidrs   []string // one for each client: a prefix to acquire from, or the pattern of prefixes to create
	Length  uint8
}

type result struct {
	Done, Failed int
	Seconds      float64
	Error        string
}

func main() {
	ctx := context.Background()
	storage, err := ipam.NewPostgresStorage("localhost", "5432", "postgres", "", os.Args[2], ipam.SSLMode("disable&host="+os.Args[1]))
	if err != nil {
		panic(err)
	}
	ip := ipam.NewWithStorage(storage)
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var j job
		if err := json.Unmarshal(line, &j); err != nil {
			panic(err)
		}
		answer, _ := json.Marshal(run(ctx, ip, storage, j))
		fmt.Println(string(answer))
	}
}

func run(ctx context.Context, ip ipam.Ipamer, storage ipam.Storage, j job) (r result) {
	if j.Op == "load" {
		text, err := os.ReadFile(j.Dump)
		if err == nil {
			err = storage.DeleteAllPrefixes(ctx, "root")
		}
		if err == nil {
			err = ip.Load(ctx, string(text))
		}
		if err != nil {
			r.Error = err.Error()
		}
		return r
	}
	op := func(client, n int) error { return fmt.Errorf("unknown job %s", j.Op) }
	switch j.Op {
	case "address":
		op = func(client, n int) error { _, err := ip.AcquireIP(ctx, j.Cidrs[client]); return err }
	case "child":
		op = func(client, n int) error { _, err := ip.AcquireChildPrefix(ctx, j.Cidrs[client], j.Length); return err }
	case "prefix":
		op = func(client, n int) error {
			_, err := ip.NewPrefix(ctx, fmt.Sprintf("%d.%d.%d.0/24", 100+client, n/256%256, n%256))
			return err
		}
	case "overlap":
		op = func(client, n int) error {
			cidrs, err := ip.ReadAllPrefixCidrs(ctx)
			if err != nil {
				return err
			}
			return ipam.PrefixesOverlapping(cidrs, []string{j.Cidrs[client]})
		}
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	start := time.Now()
	end := start.Add(time.Duration(j.Seconds * float64(time.Second)))
	for client := range j.Clients {
		group.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				err := op(client, n)
				mutex.Lock()
				if err == nil {
					r.Done++
				} else {
					r.Failed++
					r.Error = err.Error()
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	r.Seconds = time.Since(start).Seconds()
	return r
}
