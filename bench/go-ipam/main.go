// Drives the real go-ipam library on PostgreSQL: `peer <user> <database> <socket directory>` reads one JSON job a line on
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
	Op      string // what to measure
	Clients int
	Seconds float64
	Cidrs   []string // one for each client: the prefix to acquire from or to check
	Length  uint8
}

type result struct {
	Done, Failed int
	Seconds      float64
	Error        string
}

func main() {
	ctx := context.Background()
	storage, err := ipam.NewPostgresStorage("", "5432", os.Args[1], "", os.Args[2], ipam.SSLMode("disable&host="+os.Args[3]))
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
		answer, _ := json.Marshal(run(ctx, ip, j))
		fmt.Println(string(answer))
	}
}

func run(ctx context.Context, ip ipam.Ipamer, j job) (r result) {
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
	// A client that has lost every race waits up to 51 s for its last attempt: enough is enough.
	ctx, cancel := context.WithTimeout(ctx, time.Duration((j.Seconds+30)*float64(time.Second)))
	defer cancel()
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
