package main

import (
	"context"
	"iter"
	"maps"
	"slices"

	v1 "github.com/metal-stack/masterdata-api/api/v1"
	"github.com/metal-stack/masterdata-api/pkg/client"
	"google.golang.org/protobuf/proto"
)

// ordered yields a map in the order of its keys.
func ordered[V any](values map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(values)) {
			if !yield(key, values[key]) {
				return
			}
		}
	}
}

func role(id, role string) *v1.Meta {
	return &v1.Meta{Id: id, Annotations: map[string]string{"role": role}}
}

func createProjectMember(r *report, c client.Client, step string, member *v1.ProjectMember) *v1.ProjectMember {
	return call(r, step, func(ctx context.Context) (*v1.ProjectMemberResponse, error) {
		return c.ProjectMember().Create(ctx, &v1.ProjectMemberCreateRequest{ProjectMember: member})
	}).GetProjectMember()
}

func createTenantMember(r *report, c client.Client, step string, member *v1.TenantMember) *v1.TenantMember {
	return call(r, step, func(ctx context.Context) (*v1.TenantMemberResponse, error) {
		return c.TenantMember().Create(ctx, &v1.TenantMemberCreateRequest{TenantMember: member})
	}).GetTenantMember()
}

func members(r *report, c client.Client) {
	createTenant(r, c, "create a guest", &v1.Tenant{Meta: &v1.Meta{Id: "guest"}})
	createTenant(r, c, "create a friend", &v1.Tenant{Meta: &v1.Meta{Id: "friend"}})
	createTenant(r, c, "create a host", &v1.Tenant{Meta: &v1.Meta{Id: "host"}})
	createProject(r, c, "create the host's project", &v1.Project{Meta: &v1.Meta{Id: "h1"}, TenantId: "host"})

	pm := createProjectMember(r, c, "create a project member", &v1.ProjectMember{Meta: role("pm1", "owner"), ProjectId: "p1", TenantId: "guest"})
	createProjectMember(r, c, "create the same membership again", &v1.ProjectMember{Meta: &v1.Meta{Id: "pm2", Annotations: map[string]string{"also": "viewer"}}, ProjectId: "p1", TenantId: "guest"})
	createProjectMember(r, c, "create a project member that exists", &v1.ProjectMember{Meta: role("pm1", "x"), ProjectId: "p1", TenantId: "guest"})
	createProjectMember(r, c, "create a member of no project", &v1.ProjectMember{ProjectId: "nothing", TenantId: "guest"})
	createProjectMember(r, c, "create a member that is no tenant", &v1.ProjectMember{ProjectId: "p1", TenantId: "nobody"})
	createProjectMember(r, c, "create a project member without meta", &v1.ProjectMember{ProjectId: "h1", TenantId: "friend"})
	call(r, "get a project member", func(ctx context.Context) (*v1.ProjectMemberResponse, error) {
		return c.ProjectMember().Get(ctx, &v1.ProjectMemberGetRequest{Id: "pm1"})
	})
	call(r, "get a project member that is not", func(ctx context.Context) (*v1.ProjectMemberResponse, error) {
		return c.ProjectMember().Get(ctx, &v1.ProjectMemberGetRequest{Id: "nothing"})
	})
	updatePM := func(step string, change func(*v1.ProjectMember)) {
		changed := proto.CloneOf(pm)
		change(changed)
		call(r, step, func(ctx context.Context) (*v1.ProjectMemberResponse, error) {
			return c.ProjectMember().Update(ctx, &v1.ProjectMemberUpdateRequest{ProjectMember: changed})
		})
	}
	updatePM("change a project member's role", func(m *v1.ProjectMember) { m.Meta.Annotations["role"] = "editor" })
	updatePM("change it with the old version", func(m *v1.ProjectMember) {})
	updatePM("change a project member's project", func(m *v1.ProjectMember) { m.Meta.Version = 1; m.ProjectId = "p2" })
	updatePM("change a project member's tenant", func(m *v1.ProjectMember) { m.Meta.Version = 1; m.TenantId = "friend" })
	updatePM("change a project member's namespace", func(m *v1.ProjectMember) { m.Meta.Version = 1; m.Namespace = "x" })

	tm := createTenantMember(r, c, "create a tenant member", &v1.TenantMember{Meta: role("tm1", "viewer"), TenantId: "acme", MemberId: "guest"})
	createTenantMember(r, c, "create another", &v1.TenantMember{Meta: role("tm2", "owner"), TenantId: "host", MemberId: "guest"})
	createTenantMember(r, c, "create a tenant member that exists", &v1.TenantMember{Meta: role("tm1", "x"), TenantId: "acme", MemberId: "guest"})
	createTenantMember(r, c, "create a member of no tenant", &v1.TenantMember{TenantId: "nobody", MemberId: "guest"})
	createTenantMember(r, c, "create a member that is nobody", &v1.TenantMember{TenantId: "acme", MemberId: "nobody"})
	call(r, "get a tenant member", func(ctx context.Context) (*v1.TenantMemberResponse, error) {
		return c.TenantMember().Get(ctx, &v1.TenantMemberGetRequest{Id: "tm1"})
	})
	updateTM := func(step string, change func(*v1.TenantMember)) {
		changed := proto.CloneOf(tm)
		change(changed)
		call(r, step, func(ctx context.Context) (*v1.TenantMemberResponse, error) {
			return c.TenantMember().Update(ctx, &v1.TenantMemberUpdateRequest{TenantMember: changed})
		})
	}
	updateTM("change a tenant member's role", func(m *v1.TenantMember) { m.Meta.Annotations["role"] = "editor" })
	updateTM("change a tenant member with the old version", func(m *v1.TenantMember) {})
	updateTM("change a tenant member's tenant", func(m *v1.TenantMember) { m.Meta.Version = 1; m.TenantId = "host" })
	updateTM("change a tenant member's member", func(m *v1.TenantMember) { m.Meta.Version = 1; m.MemberId = "friend" })
	updateTM("change a tenant member's namespace", func(m *v1.TenantMember) { m.Meta.Version = 1; m.Namespace = "x" })

	findMembers(r, c, "")
	participation(r, c, "")
}

func findMembers(r *report, c client.Client, suffix string) {
	for step, query := range ordered(map[string]*v1.ProjectMemberFindRequest{
		"all":                 {},
		"by annotation":       {Annotations: map[string]string{"also": "viewer"}},
		"by project":          {ProjectId: proto.String("p1")},
		"by tenant":           {TenantId: proto.String("guest")},
		"of a namespace":      {Namespace: "cloud"},
		"with SQL in the key": {Annotations: map[string]string{"x' = 'y' OR '1": "1"}},
	}) {
		call(r, "find project members "+step+suffix, func(ctx context.Context) (*v1.ProjectMemberListResponse, error) {
			return c.ProjectMember().Find(ctx, query)
		})
	}
	for step, query := range ordered(map[string]*v1.TenantMemberFindRequest{
		"all":            {},
		"by annotation":  {Annotations: map[string]string{"role": "owner"}},
		"by member":      {MemberId: proto.String("guest")},
		"by tenant":      {TenantId: proto.String("acme")},
		"of a namespace": {Namespace: "cloud"},
	}) {
		call(r, "find tenant members "+step+suffix, func(ctx context.Context) (*v1.TenantMemberListResponse, error) {
			return c.TenantMember().Find(ctx, query)
		})
	}
}

func participation(r *report, c client.Client, suffix string) {
	for name, inherited := range ordered(map[string]*bool{"": nil, ", direct only": proto.Bool(false), ", inherited too": proto.Bool(true)}) {
		for _, tenant := range []string{"guest", "friend", "acme"} {
			step := " of " + tenant + name + suffix
			call(r, "projects"+step, func(ctx context.Context) (*v1.FindParticipatingProjectsResponse, error) {
				return c.Tenant().FindParticipatingProjects(ctx, &v1.FindParticipatingProjectsRequest{TenantId: tenant, IncludeInherited: inherited})
			})
			call(r, "tenants"+step, func(ctx context.Context) (*v1.FindParticipatingTenantsResponse, error) {
				return c.Tenant().FindParticipatingTenants(ctx, &v1.FindParticipatingTenantsRequest{TenantId: tenant, IncludeInherited: inherited})
			})
		}
		for _, tenant := range []string{"acme", "host"} {
			call(r, "members of "+tenant+name+suffix, func(ctx context.Context) (*v1.ListTenantMembersResponse, error) {
				return c.Tenant().ListTenantMembers(ctx, &v1.ListTenantMembersRequest{TenantId: tenant, IncludeInherited: inherited})
			})
		}
	}
}

func namespaces(r *report, c client.Client) {
	createProjectMember(r, c, "create a project member in a namespace", &v1.ProjectMember{Meta: role("pm3", "cloud"), ProjectId: "h1", TenantId: "guest"})
	createTenantMember(r, c, "create a tenant member in a namespace", &v1.TenantMember{Meta: role("tm3", "cloud"), TenantId: "host", MemberId: "friend"})
	findMembers(r, c, " in a namespace")
	participation(r, c, " in a namespace")
}

func deletion(r *report, c client.Client) {
	call(r, "delete a project member", func(ctx context.Context) (*v1.ProjectMemberResponse, error) {
		return c.ProjectMember().Delete(ctx, &v1.ProjectMemberDeleteRequest{Id: "pm2"})
	})
	call(r, "delete a project member that is not", func(ctx context.Context) (*v1.ProjectMemberResponse, error) {
		return c.ProjectMember().Delete(ctx, &v1.ProjectMemberDeleteRequest{Id: "pm2"})
	})
	call(r, "delete a tenant member", func(ctx context.Context) (*v1.TenantMemberResponse, error) {
		return c.TenantMember().Delete(ctx, &v1.TenantMemberDeleteRequest{Id: "tm2"})
	})
	call(r, "delete a tenant member that is not", func(ctx context.Context) (*v1.TenantMemberResponse, error) {
		return c.TenantMember().Delete(ctx, &v1.TenantMemberDeleteRequest{Id: "tm2"})
	})
	call(r, "delete a project with members", func(ctx context.Context) (*v1.ProjectResponse, error) {
		return c.Project().Delete(ctx, &v1.ProjectDeleteRequest{Id: "p1"})
	})
	call(r, "its members are gone", func(ctx context.Context) (*v1.ProjectMemberListResponse, error) {
		return c.ProjectMember().Find(ctx, &v1.ProjectMemberFindRequest{ProjectId: proto.String("p1")})
	})
	call(r, "delete a guest of tenants", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Delete(ctx, &v1.TenantDeleteRequest{Id: "guest"})
	})
	call(r, "its memberships are gone", func(ctx context.Context) (*v1.TenantMemberListResponse, error) {
		return c.TenantMember().Find(ctx, &v1.TenantMemberFindRequest{MemberId: proto.String("guest")})
	})
	call(r, "also those in projects", func(ctx context.Context) (*v1.ProjectMemberListResponse, error) {
		return c.ProjectMember().Find(ctx, &v1.ProjectMemberFindRequest{TenantId: proto.String("guest"), Namespace: "cloud"})
	})
	call(r, "delete a tenant that has projects", func(ctx context.Context) (*v1.TenantResponse, error) {
		return c.Tenant().Delete(ctx, &v1.TenantDeleteRequest{Id: "host"})
	})
}
