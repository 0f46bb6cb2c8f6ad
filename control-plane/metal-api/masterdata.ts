// Tenants and projects as metal-api sees them: somebody else's data, read over gRPC.

/** What metal-api needs to know of a project. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  /** Upper bounds; undefined is unlimited. */
  readonly quotas: { readonly machines?: number; readonly ips?: number; readonly clusters?: number };
}

export interface Masterdata {
  /** Throws the API's 404 when there is no such project. */
  project(id: string): Promise<Project>;
}
