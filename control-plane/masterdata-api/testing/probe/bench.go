package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	v1 "github.com/metal-stack/masterdata-api/api/v1"
	"github.com/metal-stack/masterdata-api/pkg/client"
	"google.golang.org/protobuf/proto"
)

// bench prints one line of JSON an operation: how many a second, and how long they took.
func bench(address, directory, key string, clients int, duration time.Duration) error {
	if err := waitFor(address); err != nil {
		return err
	}
	connections := make([]client.Client, clients)
	for index := range connections {
		c, err := connect(address, directory, "client", key, "")
		if err != nil {
			return err
		}
		defer c.Close()
		connections[index] = c
	}
	if err := prepare(connections[0]); err != nil {
		return err
	}
	ctx := context.Background()
	for _, operation := range []struct {
		name string
		work func(c client.Client) error
	}{
		{"version: an empty call", func(c client.Client) error {
			_, err := c.Version().Get(ctx, &v1.GetVersionRequest{})
			return err
		}},
		{"get", func(c client.Client) error {
			_, err := c.Project().Get(ctx, &v1.ProjectGetRequest{Id: "bench-7"})
			return err
		}},
		{"find by id", func(c client.Client) error {
			_, err := c.Project().Find(ctx, &v1.ProjectFindRequest{Id: proto.String("bench-7")})
			return err
		}},
		{"find by tenant, 10 of 10000", func(c client.Client) error {
			_, err := c.Project().Find(ctx, &v1.ProjectFindRequest{TenantId: proto.String("bench-7")})
			return err
		}},
		{"find by annotation, 1 of 10000", func(c client.Client) error {
			_, err := c.Project().Find(ctx, &v1.ProjectFindRequest{Annotations: map[string]string{"number": "4711"}})
			return err
		}},
		{"create", func(c client.Client) error {
			_, err := c.Project().Create(ctx, &v1.ProjectCreateRequest{Project: &v1.Project{Name: "new", TenantId: "bench-8"}})
			return err
		}},
	} {
		if err := measure(operation.name, connections, duration, operation.work); err != nil {
			return fmt.Errorf("%s: %w", operation.name, err)
		}
	}
	return nil
}

const benchProjects = 10_000
const projectsPerTenant = 10

func prepare(c client.Client) error {
	ctx := context.Background()
	if _, err := c.Project().Get(ctx, &v1.ProjectGetRequest{Id: fmt.Sprintf("bench-%d", benchProjects-1)}); err == nil {
		return nil
	}
	var workers sync.WaitGroup
	failures := make(chan error, 16)
	for worker := range 16 {
		workers.Go(func() {
			for number := worker; number < benchProjects/projectsPerTenant; number += 16 {
				if err := prepareTenant(ctx, c, number); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	workers.Wait()
	close(failures)
	return <-failures
}

func prepareTenant(ctx context.Context, c client.Client, number int) error {
	tenant := fmt.Sprintf("bench-%d", number)
	if _, err := c.Tenant().Create(ctx, &v1.TenantCreateRequest{Tenant: &v1.Tenant{Meta: &v1.Meta{Id: tenant}}}); err != nil {
		return err
	}
	for project := number * projectsPerTenant; project < (number+1)*projectsPerTenant; project++ {
		_, err := c.Project().Create(ctx, &v1.ProjectCreateRequest{Project: &v1.Project{
			Meta: &v1.Meta{Id: fmt.Sprintf("bench-%d", project), Annotations: map[string]string{"number": fmt.Sprint(project), "stage": "dev"}},
			Name: fmt.Sprint(project), TenantId: tenant,
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

func measure(name string, connections []client.Client, duration time.Duration, work func(client.Client) error) error {
	var workers sync.WaitGroup
	var mutex sync.Mutex
	var times []time.Duration
	var failure error
	start := time.Now()
	for _, c := range connections {
		workers.Go(func() {
			var mine []time.Duration
			for time.Since(start) < duration {
				began := time.Now()
				if err := work(c); err != nil {
					mutex.Lock()
					failure = err
					mutex.Unlock()
					return
				}
				mine = append(mine, time.Since(began))
			}
			mutex.Lock()
			times = append(times, mine...)
			mutex.Unlock()
		})
	}
	workers.Wait()
	if failure != nil {
		return failure
	}
	slices.Sort(times)
	elapsed := time.Since(start)
	fmt.Printf("{\"operation\":%q,\"clients\":%d,\"perSecond\":%.1f,\"medianMs\":%.3f,\"p99Ms\":%.3f}\n",
		name, len(connections), float64(len(times))/elapsed.Seconds(),
		ms(times[len(times)/2]), ms(times[len(times)*99/100]))
	return nil
}

func ms(duration time.Duration) float64 { return float64(duration.Microseconds()) / 1000 }
