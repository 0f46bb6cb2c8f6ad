package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	v1 "github.com/metal-stack/masterdata-api/api/v1"
	"github.com/metal-stack/masterdata-api/pkg/client"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// calls tells the whole story. Its ids are the same in every run, so it needs an empty database.
func calls(address, directory, key string) error {
	if err := waitFor(address); err != nil {
		return err
	}
	r := &report{}
	if err := strangers(r, address, directory, key); err != nil {
		return err
	}
	c, err := connect(address, directory, "client", key, "")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := healthAndVersion(r, c, address, directory); err != nil {
		return err
	}
	tenants(r, c)
	projects(r, c)
	locks(r, c)
	history(r, c)
	find(r, c)
	hostile(r, c)
	members(r, c)
	namespaced, err := connect(address, directory, "client", key, "cloud")
	if err != nil {
		return err
	}
	defer namespaced.Close()
	namespaces(r, namespaced)
	deletion(r, c)
	return nil
}

func waitFor(address string) error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

func max(n int32) *v1.Quota { return &v1.Quota{Max: proto.Int32(n)} }

func createTenant(r *report, c client.Client, step string, tenant *v1.Tenant) *v1.Tenant {
	return call(r, step, func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Create(ctx, &v1.TenantCreateRequest{Tenant: tenant})
	}).GetTenant()
}

func updateTenant(r *report, c client.Client, step string, tenant *v1.Tenant) *v1.Tenant {
	return call(r, step, func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Update(ctx, &v1.TenantUpdateRequest{Tenant: proto.CloneOf(tenant)})
	}).GetTenant()
}

func createProject(r *report, c client.Client, step string, project *v1.Project) *v1.Project {
	return call(r, step, func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().Create(ctx, &v1.ProjectCreateRequest{Project: project})
	}).GetProject()
}

func updateProject(r *report, c client.Client, step string, project *v1.Project) *v1.Project {
	return call(r, step, func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().Update(ctx, &v1.ProjectUpdateRequest{Project: proto.CloneOf(project)})
	}).GetProject()
}

func getProject(r *report, c client.Client, step, id string) *v1.Project {
	return call(r, step, func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().Get(ctx, &v1.ProjectGetRequest{Id: id})
	}).GetProject()
}

func tenants(r *report, c client.Client) {
	createTenant(r, c, "create a tenant with everything", &v1.Tenant{
		Meta: &v1.Meta{
			Id: "acme", Kind: "Tenant", Apiversion: "v1", Version: 7,
			Annotations: map[string]string{"metal-stack.io/admitted": "true", "empty": ""}, Labels: []string{"b=2", "a=1"},
		},
		Name: "Acme", Description: "a tenant",
		DefaultQuotas: &v1.QuotaSet{Machine: max(3), Ip: max(0)},
		Quotas:        &v1.QuotaSet{Cluster: max(9), Project: max(4)},
		IamConfig: &v1.IAMConfig{
			IssuerConfig: &v1.IssuerConfig{Url: "https://dex", ClientId: "id"},
			IdmConfig: &v1.IDMConfig{IdmType: "AD", ConnectorConfig: &v1.ConnectorConfig{
				IdmApiUrl: "1", IdmApiUser: "2", IdmApiPassword: "3", IdmSystemId: "4", IdmAccessCode: "5", IdmCustomerId: "6",
				IdmGroupOu: "7", IdmDomainName: "9", IdmTenantPrefix: "10", IdmSubmitter: "11", IdmJobInfo: "12",
				IdmReqSystem: "13", IdmReqUser: "14", IdmReqEmail: "15",
			}},
			GroupConfig: &v1.NamespaceGroupConfig{
				ExcludedNamespaces: "kube-system", ExpectedGroupsList: "admin,view", NamespaceMaxLength: 20,
				ClusterGroupnameTemplate: "c", RolebindingNameTemplate: "r",
			},
		},
	})
	call(r, "get that tenant", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Get(ctx, &v1.TenantGetRequest{Id: "acme"})
	})
	made := createTenant(r, c, "create a tenant without meta", &v1.Tenant{Name: "nameless"})
	r.note("it got an id", len(made.GetMeta().GetId()) == 36)
	createTenant(r, c, "create a tenant that exists", &v1.Tenant{Meta: &v1.Meta{Id: "acme"}})
	createTenant(r, c, "create a tenant of a wrong kind", &v1.Tenant{Meta: &v1.Meta{Id: "x", Kind: "Project"}})
	createTenant(r, c, "create a tenant of a wrong version of the API", &v1.Tenant{Meta: &v1.Meta{Id: "x", Apiversion: "v2"}})
	call(r, "get a tenant that is not", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Get(ctx, &v1.TenantGetRequest{Id: "nobody"})
	})
	call(r, "get a tenant without id", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Get(ctx, &v1.TenantGetRequest{})
	})
	updateTenant(r, c, "update a tenant that is not", &v1.Tenant{Meta: &v1.Meta{Id: "nobody"}})
	updateTenant(r, c, "update a tenant without meta", &v1.Tenant{Name: "x"})
	call(r, "delete the nameless", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Delete(ctx, &v1.TenantDeleteRequest{Id: made.GetMeta().GetId()})
	})
	call(r, "delete a tenant that is not", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Delete(ctx, &v1.TenantDeleteRequest{Id: "nobody"})
	})
}

func projects(r *report, c client.Client) {
	createProject(r, c, "create a project, with its tenant's default quotas", &v1.Project{
		Meta: &v1.Meta{Id: "p1", Labels: []string{"all", "one"}, Annotations: map[string]string{"stage": "dev", "team": "red"}},
		Name: "first", Description: "number one", TenantId: "acme",
	})
	createProject(r, c, "create a project with quotas of its own", &v1.Project{
		Meta: &v1.Meta{Id: "p2", Labels: []string{"all"}, Annotations: map[string]string{"stage": "dev"}},
		Name: "second", TenantId: "acme", Quotas: &v1.QuotaSet{Machine: max(1), Ip: &v1.Quota{Quota: wrapperspb.Int32(5)}},
	})
	createProject(r, c, "create a project with empty quotas", &v1.Project{
		Meta: &v1.Meta{Id: "p3"}, Name: "third", TenantId: "acme", Quotas: &v1.QuotaSet{},
	})
	createProject(r, c, "create a project of an unknown tenant", &v1.Project{TenantId: "nobody"})
	createProject(r, c, "create a project without tenant", &v1.Project{Name: "x"})
	createProject(r, c, "create a project that exists", &v1.Project{Meta: &v1.Meta{Id: "p1"}, TenantId: "acme"})
	createProject(r, c, "create no project", nil)
	made := createProject(r, c, "create a project without id", &v1.Project{Name: "fourth", TenantId: "acme"})
	createProject(r, c, "create a project above the tenant's quota", &v1.Project{TenantId: "acme"})
	getProject(r, c, "get a project", "p2")
	getProject(r, c, "get a project that is not", "nothing")
	call(r, "delete a project", func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().Delete(ctx, &v1.ProjectDeleteRequest{Id: made.GetMeta().GetId()})
	})
	call(r, "delete it again", func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().Delete(ctx, &v1.ProjectDeleteRequest{Id: made.GetMeta().GetId()})
	})
}

func locks(r *report, c client.Client) {
	first := getProject(r, c, "read a project", "p1")
	changed := proto.CloneOf(first)
	changed.Description = "changed"
	changed.Meta.CreatedTime = timestamppb.New(time.Unix(1, 0))
	updated := updateProject(r, c, "update it", changed)
	r.note("it keeps its time of creation", proto.Equal(updated.GetMeta().GetCreatedTime(), first.GetMeta().GetCreatedTime()))
	updateProject(r, c, "update it with the old version", first)
	_, err := c.Project().Update(context.Background(), &v1.ProjectUpdateRequest{Project: first})
	r.note("the client sees an optimistic lock", v1.IsOptimistickLockError(err))
	ahead := proto.CloneOf(first)
	ahead.Meta.Version = 41
	updateProject(r, c, "update it with a version ahead", ahead)
	other := proto.CloneOf(first)
	other.Meta.Version = 42
	other.TenantId = "other"
	updateProject(r, c, "move it to another tenant", other)
	other.TenantId = "acme"
	other.Meta.Kind = "Tenant"
	updateProject(r, c, "update it as a tenant", other)
	updateProject(r, c, "update a project that is not", &v1.Project{Meta: &v1.Meta{Id: "nothing"}})
	updateProject(r, c, "update a project without meta", &v1.Project{TenantId: "acme"})
	updateProject(r, c, "an update replaces everything", &v1.Project{Meta: &v1.Meta{Id: "p3", Version: 0}, TenantId: "acme"})
}

func history(r *report, c client.Client) {
	created := createTenant(r, c, "create a tenant to remember", &v1.Tenant{Meta: &v1.Meta{Id: "past"}, Name: "first"})
	born := created.GetMeta().GetCreatedTime().AsTime()
	created.Name = "second"
	updated := updateTenant(r, c, "rename it", created)
	renamed := updated.GetMeta().GetUpdatedTime().AsTime()
	_, err := c.Tenant().Delete(context.Background(), &v1.TenantDeleteRequest{Id: "past"})
	r.note("delete it", err == nil)
	for _, at := range []struct {
		step string
		time time.Time
	}{
		{"just before its creation", born.Add(-time.Microsecond)},
		{"at its creation", born},
		{"just before its renaming", renamed.Add(-time.Microsecond)},
		{"at its renaming", renamed},
		{"after its deletion", time.Now().Add(time.Minute)},
		{"in the year 1", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"in the year 9999", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	} {
		call(r, "the tenant "+at.step, func(ctx context.Context) (*v1.TenantResponse, error) {
			return c.Tenant().GetHistory(ctx, &v1.TenantGetHistoryRequest{Id: "past", At: timestamppb.New(at.time)})
		})
	}
	call(r, "a project as it was first", func(ctx context.Context) (*v1.ProjectResponse, error) {
		project, err := c.Project().Get(ctx, &v1.ProjectGetRequest{Id: "p1"})
		if err != nil {
			return nil, err
		}
		return c.Project().GetHistory(ctx, &v1.ProjectGetHistoryRequest{Id: "p1", At: project.Project.Meta.CreatedTime})
	})
	call(r, "a project that never was", func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().GetHistory(ctx, &v1.ProjectGetHistoryRequest{Id: "nothing", At: timestamppb.Now()})
	})
	call(r, "a project at no time", func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().GetHistory(ctx, &v1.ProjectGetHistoryRequest{Id: "p1"})
	})
}

func findProjects(r *report, c client.Client, step string, query *v1.ProjectFindRequest) *v1.ProjectListResponse {
	return call(r, step, func(ctx context.Context) (*v1.ProjectListResponse, error) { return c.Project().Find(ctx, query) })
}

func findTenants(r *report, c client.Client, step string, query *v1.TenantFindRequest) {
	call(r, step, func(ctx context.Context) (*v1.TenantListResponse, error) { return c.Tenant().Find(ctx, query) })
}

func find(r *report, c client.Client) {
	for step, query := range ordered(map[string]*v1.ProjectFindRequest{
		"01 all":                       {},
		"02 by id":                     {Id: proto.String("p1")},
		"03 by name":                   {Name: proto.String("second")},
		"04 by description":            {Description: proto.String("number one")},
		"05 by tenant":                 {TenantId: proto.String("acme")},
		"06 by everything":             {Id: proto.String("p2"), Name: proto.String("second"), TenantId: proto.String("acme")},
		"07 by parts that do not fit":  {Id: proto.String("p2"), Name: proto.String("first")},
		"08 by the old id":             {DeprecatedId: wrapperspb.String("p2")},
		"09 by the old name":           {DeprecatedName: wrapperspb.String("second")},
		"10 by the old description":    {DeprecatedDescription: wrapperspb.String("number one")},
		"11 by the old tenant":         {DeprecatedTenantId: wrapperspb.String("acme")},
		"12 by new before old":         {DeprecatedId: wrapperspb.String("p1"), Id: proto.String("p2")},
		"13 by a label":                {Labels: []string{"all"}},
		"14 by two labels":             {Labels: []string{"one", "all"}},
		"15 by a label nobody has":     {Labels: []string{"all", "none"}},
		"16 by an annotation":          {Annotations: map[string]string{"stage": "dev"}},
		"17 by two annotations":        {Annotations: map[string]string{"stage": "dev", "team": "red"}},
		"18 by an annotation's value":  {Annotations: map[string]string{"stage": "prod"}},
		"19 by an empty name":          {Name: proto.String("")},
		"20 by an empty id":            {Id: proto.String("")},
		"21 by an empty tenant":        {TenantId: proto.String("")},
		"22 the first page":            {Paging: &v1.Paging{Count: proto.Uint64(2)}},
		"23 the second page":           {Paging: &v1.Paging{Page: proto.Uint64(1), Count: proto.Uint64(2)}},
		"24 a page after the last":     {Paging: &v1.Paging{Page: proto.Uint64(9), Count: proto.Uint64(2)}},
		"25 a page without count":      {Paging: &v1.Paging{Page: proto.Uint64(0)}},
		"26 an empty paging":           {Paging: &v1.Paging{}},
		"27 a page of exactly all":     {Paging: &v1.Paging{Count: proto.Uint64(3)}},
		"28 a huge count":              {Paging: &v1.Paging{Count: proto.Uint64(1 << 40)}},
		"29 a page with a filter":      {Name: proto.String("first"), Paging: &v1.Paging{Count: proto.Uint64(1)}},
		"30 a page beyond all numbers": {Paging: &v1.Paging{Page: proto.Uint64(1 << 63), Count: proto.Uint64(2)}},
	}) {
		findProjects(r, c, "find projects "+step, query)
	}
	for step, query := range ordered(map[string]*v1.TenantFindRequest{
		"1 all":           {},
		"2 by id":         {Id: proto.String("acme")},
		"3 by name":       {Name: proto.String("Acme")},
		"4 by the old id": {DeprecatedId: wrapperspb.String("acme")},
		"5 by old name":   {DeprecatedName: wrapperspb.String("Acme")},
		"6 by label":      {Labels: []string{"a=1"}},
		"7 by annotation": {Annotations: map[string]string{"metal-stack.io/admitted": "true"}},
		"8 by none":       {Name: proto.String("nobody")},
		"9 a page":        {Paging: &v1.Paging{Count: proto.Uint64(1)}},
	}) {
		findTenants(r, c, "find tenants "+step, query)
	}
}

// hostile texts: what the original pastes into SQL must be only a text here.
func hostile(r *report, c client.Client) {
	all := func(query *v1.ProjectFindRequest) func(context.Context) (*v1.ProjectListResponse, error) {
		return func(ctx context.Context) (*v1.ProjectListResponse, error) { return c.Project().Find(ctx, query) }
	}
	call(r, "a key that is SQL finds nothing", all(&v1.ProjectFindRequest{Annotations: map[string]string{"x' = 'y' OR '1": "1"}}))
	call(r, "a key with a quote finds nothing", all(&v1.ProjectFindRequest{Annotations: map[string]string{"it's": "so"}}))
	call(r, "a key with a question mark finds nothing", all(&v1.ProjectFindRequest{Annotations: map[string]string{"?": "so"}}))
	call(r, "a label that is SQL finds nothing", all(&v1.ProjectFindRequest{Labels: []string{"\"]' OR '1'='1"}}))
	call(r, "a value that is SQL finds nothing", all(&v1.ProjectFindRequest{Annotations: map[string]string{"stage": "dev' OR '1'='1"}}))
	call(r, "a name that is SQL finds nothing", all(&v1.ProjectFindRequest{Name: proto.String("' OR '1'='1")}))
	call(r, "a NUL in a query", all(&v1.ProjectFindRequest{Name: proto.String("a\x00b")}))
	getProject(r, c, "a NUL in an id", "a\x00b")
	createTenant(r, c, "a NUL in an annotation", &v1.Tenant{Meta: &v1.Meta{Id: "nul", Annotations: map[string]string{"a": "\x00"}}})
	createTenant(r, c, "a tenant in many scripts", &v1.Tenant{
		Meta: &v1.Meta{Id: "größe/☃ 🏔", Annotations: map[string]string{"ключ": "значение \"quoted\" \\ \u2028", "__proto__": "x", "constructor": "y"}, Labels: []string{"日本=東京"}},
		Name: "tab\tnewline\n",
	})
	call(r, "get it", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Get(ctx, &v1.TenantGetRequest{Id: "größe/☃ 🏔"})
	})
	findTenants(r, c, "find it by annotation", &v1.TenantFindRequest{Annotations: map[string]string{"ключ": "значение \"quoted\" \\ \u2028"}})
	findTenants(r, c, "find it by label", &v1.TenantFindRequest{Labels: []string{"日本=東京"}})
	createTenant(r, c, "10 MB of annotations", &v1.Tenant{Meta: &v1.Meta{Id: "big", Annotations: map[string]string{"a": strings.Repeat("x", 10<<20)}}})
	createTenant(r, c, "1 MB of annotations", &v1.Tenant{Meta: &v1.Meta{Id: "bigger", Annotations: map[string]string{"a": strings.Repeat("x", 1<<20-1000)}}})
	createTenant(r, c, "200 KB of annotations", &v1.Tenant{Meta: &v1.Meta{Id: "big", Annotations: map[string]string{"a": strings.Repeat("x", 200_000)}}})
	createTenant(r, c, "an id of 4000 bytes", &v1.Tenant{Meta: &v1.Meta{Id: random(4000)}})
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	createTenant(r, c, "deep JSON as a text", &v1.Tenant{Meta: &v1.Meta{Id: "deep", Annotations: map[string]string{"json": deep}}})
	findTenants(r, c, "find it by that text", &v1.TenantFindRequest{Annotations: map[string]string{"json": deep}})
	for _, id := range []string{"größe/☃ 🏔", "big", "bigger", "deep"} {
		_, _ = c.Tenant().Delete(context.Background(), &v1.TenantDeleteRequest{Id: id})
	}
}

// random is a text that does not compress, the same in every run.
func random(length int) string {
	text, state := strings.Builder{}, uint32(1)
	for text.Len() < length {
		state = state*1664525 + 1013904223
		fmt.Fprintf(&text, "%c", 'a'+(state>>16)%26)
	}
	return text.String()
}
