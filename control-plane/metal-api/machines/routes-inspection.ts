// What ails a machine, what it is doing, and what was done to it.
import {
  IdParameter,
  MachineIssue,
  MachineIssueResponse,
  MachineIssuesRequest,
  MachineJob,
  MachineWhyResponse,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import { badRequest } from "../errors.ts";
import { evaluateIssues, ISSUES, referenceUrl, SEVERITIES } from "../provisioning/issues/index.ts";
import { projectsInSight } from "../members/member.ts";
import type { RouteModule } from "../rest/app.ts";
import { issueSubjects, jobsOf, whyFacts } from "./inspection.ts";
import { why } from "./rules-why.ts";
import { findMachines } from "./store.ts";

const tags = ["machine"];
const NANOSECONDS_PER_MS = 1e6;

export const machineInspectionRoutes: RouteModule = (app, context) => {
  const { db, clock } = context;

  app.get(
    "/v1/machine/issues",
    {
      config: { role: "view" },
      schema: {
        operationId: "listIssues",
        tags,
        summary: "what machines can suffer from",
        response: { 200: Type.Array(MachineIssue) },
      },
    },
    async () =>
      ISSUES.map(({ id, severity, description }) => ({
        id,
        severity,
        description,
        ref_url: referenceUrl(id),
        details: "",
      })),
  );

  app.post(
    "/v1/machine/issues/evaluate",
    {
      config: { role: "view" },
      schema: {
        operationId: "issues",
        tags,
        summary: "which of the machines that match a query suffer from what",
        body: MachineIssuesRequest,
        response: { 200: Type.Array(MachineIssueResponse) },
      },
    },
    async (request) => {
      const { only = [], omit = [], severity: wanted, last_error_threshold: threshold, ...query } = request.body;
      const severity = wanted ? SEVERITIES.find((severity) => severity === wanted) : "minor";
      if (!severity) throw badRequest(`unknown issue severity: ${wanted}`);
      const unknown = [...omit, ...only].find((id) => !ISSUES.some((issue) => issue.id === id));
      if (unknown !== undefined) throw badRequest(`unknown issue type: ${unknown}`);
      const now = clock();
      const within = { ...query, within: projectsInSight(request) };
      const subjects = await issueSubjects(db, await findMachines(db, within), now);
      const lastErrorThresholdMs = (threshold ?? 0) / NANOSECONDS_PER_MS;
      const found = evaluateIssues(subjects, { only, omit, severity, lastErrorThresholdMs }, now);
      return [...found].map(([machineid, issues]) => ({ machineid, issues: issues.map(({ id }) => id) }));
    },
  );

  app.get(
    "/v1/machine/:id/why",
    {
      config: { role: "view" },
      schema: {
        operationId: "whyMachine",
        tags,
        summary: "what the machine is doing, since when, what comes next, and what an operator can do",
        params: IdParameter,
        response: { 200: MachineWhyResponse },
      },
    },
    async (request) => {
      const now = clock();
      const { since, deadline, actions, also, ...answer } = why(await whyFacts(db, request.params.id, now), now);
      return {
        ...answer,
        since: since.toISOString(),
        deadline: deadline.toISOString(),
        actions: [...actions],
        also: [...also],
        facts: { ...answer.facts },
      };
    },
  );

  app.get(
    "/v1/machine/:id/jobs",
    {
      config: { role: "view" },
      schema: {
        operationId: "listMachineJobs",
        tags,
        summary: "releases and BMC commands of a machine, newest first",
        params: IdParameter,
        response: { 200: Type.Array(MachineJob) },
      },
    },
    async (request) => jobsOf(db, request.params.id),
  );
};
