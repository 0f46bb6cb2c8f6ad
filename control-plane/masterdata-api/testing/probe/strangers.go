package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	v1 "github.com/metal-stack/masterdata-api/api/v1"
	"github.com/metal-stack/masterdata-api/pkg/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// strangers are those who must not come in.
func strangers(r *report, address, directory, key string) error {
	for _, stranger := range []struct{ step, certificate, key string }{
		{"a caller without HMAC", "client", ""},
		{"a caller with a wrong HMAC", "client", key + "x"},
		{"a caller with a stranger's certificate", "stranger", key},
		{"a caller without TLS", "", ""},
	} {
		c, err := connect(address, directory, stranger.certificate, stranger.key, "")
		if err != nil {
			return err
		}
		call(r, stranger.step, func(ctx context.Context) (*v1.ProjectListResponse, error) {
			return c.Project().Find(ctx, &v1.ProjectFindRequest{})
		})
		_ = c.Close()
	}
	return nil
}

// healthAndVersion asks for health without an HMAC, as Kubernetes does.
func healthAndVersion(r *report, c client.Client, address, directory string) error {
	version, err := c.Version().Get(context.Background(), &v1.GetVersionRequest{})
	if err != nil {
		return err
	}
	_ = version
	r.note("the version is told", true)
	certificate, err := tls.LoadX509KeyPair(directory+"/client.pem", directory+"/client-key.pem")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(directory + "/ca.pem")
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return errors.New("ca.pem is no certificate")
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(
		&tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots, MinVersion: tls.VersionTLS12})))
	if err != nil {
		return err
	}
	defer connection.Close()
	health := healthv1.NewHealthClient(connection)
	for _, service := range []string{"", "initdb", "migratedb", "nothing"} {
		call(r, "health of \""+service+"\"", func(ctx context.Context) (*healthv1.HealthCheckResponse, error) {
			return health.Check(ctx, &healthv1.HealthCheckRequest{Service: service})
		})
	}
	call(r, "health of everything", func(ctx context.Context) (*healthv1.HealthListResponse, error) {
		return health.List(ctx, &healthv1.HealthListRequest{})
	})
	return nil
}
