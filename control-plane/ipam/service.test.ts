// The service as its clients see it: codes and texts of the original, over every transport, whatever a stranger sends.
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { health, ipam, reflection } from "@metal-stack/protocol";
import * as fc from "fast-check";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type TestServer } from "./testing/server.ts";

let server: TestServer;
let client: Client<typeof ipam.IpamService>;
beforeAll(async () => {
  server = await startServer();
  client = createClient(ipam.IpamService, createGrpcTransport({ baseUrl: server.url }));
});
afterAll(() => server.stop());

let namespaces = 0;
async function space(): Promise<string> {
  const namespace = `service-${++namespaces}`;
  await client.createNamespace({ namespace });
  return namespace;
}

/** "code: text" of a refusal. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    return `no refusal: ${JSON.stringify(await call)}`;
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return `${Code[code]}: ${rawMessage}`;
  }
}

describe("a client", () => {
  const transports: [string, (url: string) => Transport][] = [
    ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
    ["gRPC-web on HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
    ["connect on HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
    ["connect on HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  ];
  test.each(transports)("may speak %s", async (_name, transport) => {
    const namespace = await space();
    const own = createClient(ipam.IpamService, transport(server.url));
    expect((await own.createPrefix({ cidr: "10.0.0.77/24", namespace })).prefix).toMatchObject({
      cidr: "10.0.0.0/24",
      parentCidr: "",
    });
    expect((await own.acquireIP({ prefixCidr: "10.0.0.0/24", namespace })).ip).toMatchObject({
      ip: "10.0.0.1",
      parentPrefix: "10.0.0.0/24",
    });
    expect(await refusal(own.acquireIP({ prefixCidr: "10.0.0.0/24", ip: "10.0.0.1", namespace }))).toBe(
      "AlreadyExists: AlreadyAllocatedError: given ip:10.0.0.1 is already allocated",
    );
  });

  test("may take curl", async () => {
    const answer = await fetch(`${server.url}/api.v1.IpamService/Version`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await answer.json()).toMatchObject({ version: "v0.1.0" });
  });

  test("that says nothing, or leaves in its first word, does no harm", async () => {
    for (const word of ["", "P", "PRI", "PRI * HTTP/2.0\r\n", "\0\0\0", "POST"]) {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(word);
      await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
    expect((await client.version({})).version).toBe("v0.1.0");
  });
});

describe("refusals have the original's code", () => {
  test("for prefixes", async () => {
    const namespace = await space();
    await client.createPrefix({ cidr: "10.0.0.0/24", namespace });
    const child = await client.acquireChildPrefix({ cidr: "10.0.0.0/24", length: 30, namespace });
    expect(child.prefix).toMatchObject({ cidr: "10.0.0.0/30", parentCidr: "10.0.0.0/24" });
    expect(await refusal(client.createPrefix({ cidr: "10.0.0.128/25", namespace }))).toBe(
      "InvalidArgument: 10.0.0.128/25 overlaps 10.0.0.0/24",
    );
    for (const cidr of ["nonsense", "10.0.0.0/33", "10.0.0.0", "2001:db8::/129", ""]) {
      expect(await refusal(client.createPrefix({ cidr, namespace }))).toMatch(/^InvalidArgument: unable to parse cidr/);
      expect(await refusal(client.getPrefix({ cidr, namespace }))).toMatch(/^InvalidArgument/);
      expect(await refusal(client.deletePrefix({ cidr, namespace }))).toMatch(/^NotFound/);
    }
    for (const call of [client.getPrefix, client.deletePrefix, client.prefixUsage, client.releaseChildPrefix])
      expect(await refusal(call({ cidr: "10.9.0.0/24", namespace }))).toBe(
        "NotFound: NotFound: unable to find prefix for cidr:10.9.0.0/24",
      );
    expect(await refusal(client.deletePrefix({ cidr: "10.0.0.0/24", namespace }))).toMatch(
      /^InvalidArgument: .* has childprefixes/,
    );
    expect(await refusal(client.releaseChildPrefix({ cidr: "10.0.0.0/24", namespace }))).toBe(
      'InvalidArgument: prefix:"10.0.0.0/24" is no child prefix',
    );
    const acquire = (length: number) => refusal(client.acquireChildPrefix({ cidr: "10.0.0.0/24", length, namespace }));
    expect(await acquire(24)).toBe("InvalidArgument: given length:24 must be greater than prefix length:24");
    expect(await acquire(129)).toBe("InvalidArgument: length must not be greater than 128");
    expect(await acquire(33)).toMatch(/^InvalidArgument/);
    expect(
      await refusal(client.acquireChildPrefix({ cidr: "10.0.0.0/24", childCidr: "2001:db8::/64", namespace })),
    ).toBe("InvalidArgument: specific prefix 2001:db8::/64 is not available in prefix 10.0.0.0/24");
  });

  test("for addresses", async () => {
    const namespace = await space();
    await client.createPrefix({ cidr: "10.0.0.0/30", namespace });
    const acquire = (ip?: string) => client.acquireIP({ prefixCidr: "10.0.0.0/30", namespace, ...(ip ? { ip } : {}) });
    const release = (ip: string) => client.releaseIP({ prefixCidr: "10.0.0.0/30", ip, namespace });
    expect(await refusal(acquire("10.0.1.1"))).toBe("InvalidArgument: given ip:10.0.1.1 is not in 10.0.0.0/30");
    expect(await refusal(acquire("ten"))).toBe("InvalidArgument: given ip:ten in not valid");
    expect(await refusal(acquire("10.0.0.3"))).toMatch(/^AlreadyExists: AlreadyAllocatedError/);
    for (const ip of ["10.0.0.1", "10.0.0.2"]) expect((await acquire()).ip!.ip).toBe(ip);
    expect(await refusal(acquire())).toBe(
      "NotFound: NoIPAvailableError: no more ips in prefix: 10.0.0.0/30 left, length of prefix.ips: 4",
    );
    for (const free of ["10.0.0.0", "10.0.0.3", "10.0.9.9"])
      expect(await refusal(release(free))).toMatch(/^NotFound: NotFound: unable to release ip/);
    expect(await refusal(release("ten"))).toMatch(/^InvalidArgument/);
    await release("10.0.0.1");
    expect(await refusal(release("10.0.0.1"))).toMatch(/^NotFound/);
    expect(await refusal(client.acquireIP({ prefixCidr: "10.9.0.0/24", namespace }))).toMatch(
      /^InvalidArgument: NotFound: unable to find prefix/,
    );
    expect(await client.prefixUsage({ cidr: "10.0.0.0/30", namespace })).toMatchObject({
      availableIps: 4n,
      acquiredIps: 3n,
      availableSmallestPrefixes: 1n,
      availablePrefixes: ["10.0.0.0/30"],
      acquiredPrefixes: 0n,
    });
  });

  test("for namespaces", async () => {
    const namespace = await space();
    await client.createNamespace({ namespace });
    await client.createPrefix({ cidr: "10.0.0.0/24", namespace });
    expect((await client.listNamespaces({})).namespace).toEqual(expect.arrayContaining(["root", namespace]));
    expect(await refusal(client.deleteNamespace({ namespace }))).toBe(
      "Unknown: cannot delete namespace with allocated prefixes",
    );
    await client.deletePrefix({ cidr: "10.0.0.0/24", namespace });
    await client.deleteNamespace({ namespace });
    expect(await refusal(client.deleteNamespace({ namespace }))).toMatch(/^Unknown: NamespaceDoesNotExist/);
    expect(await refusal(client.deleteNamespace({ namespace: "root" }))).toMatch(/^Unknown/);
    for (const name of ["", "x".repeat(64), "a\0b"])
      expect(await refusal(client.createNamespace({ namespace: name }))).toMatch(/^Unknown/);
    expect(await refusal(client.createPrefix({ cidr: "10.0.0.0/24", namespace }))).toMatch(
      /^InvalidArgument: NamespaceDoesNotExist/,
    );
    for (const call of [client.listPrefixes, client.dump])
      expect(await refusal(call({ namespace }))).toMatch(/^InvalidArgument/);
  });

  test("for dumps that are none, and nothing of them is kept", async () => {
    const namespace = await space();
    const prefix = { Cidr: "10.0.0.0/24", ParentCidr: "", IPs: { "10.0.0.1": true } };
    const dumps = [
      "",
      "{}",
      "[{}]",
      "[1,2]",
      JSON.stringify([{ Cidr: "nonsense" }]),
      JSON.stringify([prefix, prefix]),
      JSON.stringify([prefix, { Cidr: "10.0.0.0/25" }]),
      JSON.stringify([prefix, { Cidr: "10.0.0.0/25", ParentCidr: "10.0.0.0/24" }]),
      JSON.stringify([{ ...prefix, IPs: { "10.0.1.1": true } }]),
      JSON.stringify([{ Cidr: "10.0.0.0/24" }, { Cidr: "10.0.1.0/25", ParentCidr: "10.0.0.0/24" }]),
    ];
    for (const dump of dumps) expect(await refusal(client.load({ dump, namespace })), dump).toMatch(/^InvalidArgument/);
    expect((await client.listPrefixes({ namespace })).prefixes).toEqual([]);
    await client.load({ dump: JSON.stringify([prefix]), namespace });
    expect(await refusal(client.load({ dump: JSON.stringify([prefix]), namespace }))).toMatch(
      /^InvalidArgument: prefixes exist/,
    );
    expect((await client.acquireIP({ prefixCidr: "10.0.0.0/24", namespace })).ip!.ip).toBe("10.0.0.2");
  });

  test("also for 10 MB in every field, in a short text", async () => {
    const namespace = await space();
    await client.createPrefix({ cidr: "10.0.0.0/24", namespace });
    const long = "10.0.0.0/24".padEnd(10_000_000, " ");
    const calls = [
      () => client.createPrefix({ cidr: long, namespace }),
      () => client.acquireIP({ prefixCidr: "10.0.0.0/24", ip: long, namespace }),
      () => client.acquireChildPrefix({ cidr: "10.0.0.0/24", length: 26, childCidr: long, namespace }),
      () => client.releaseIP({ prefixCidr: "10.0.0.0/24", ip: long, namespace }),
      () => client.createPrefix({ cidr: "10.0.0.0/24", namespace: long }),
      () => client.load({ dump: long, namespace }),
    ];
    for (const call of calls) {
      const answer = await refusal(call());
      expect(answer).toMatch(/^InvalidArgument: /);
      expect(answer.length).toBeLessThan(4_000);
    }
    expect((await client.listPrefixes({ namespace })).prefixes.length).toBe(1);
  }, 60_000);

  test("whatever a stranger sends: never an internal error, and nothing half done", async () => {
    const namespace = await space();
    await client.createPrefix({ cidr: "10.0.0.0/24", namespace });
    await client.acquireIP({ prefixCidr: "10.0.0.0/24", namespace });
    const before = await client.dump({ namespace });
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdef:./%-+ \0'\"")), maxLength: 30 }),
      fc.constant("9".repeat(10_000)),
    );
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat(4_294_967_295), fc.boolean(), async (one, other, length, foreign) => {
        const where = { namespace: foreign ? other || "?" : namespace };
        const answers = await Promise.all([
          refusal(client.getPrefix({ cidr: one, ...where })),
          refusal(client.deletePrefix({ cidr: one, ...where })),
          refusal(client.releaseChildPrefix({ cidr: one, ...where })),
          refusal(client.prefixUsage({ cidr: one, ...where })),
          refusal(client.acquireChildPrefix({ cidr: one, length, childCidr: other, ...where })),
          refusal(client.acquireIP({ prefixCidr: "10.0.0.0/24", ip: `x${one}`, ...where })),
          refusal(client.releaseIP({ prefixCidr: one, ip: other, ...where })),
          refusal(client.load({ dump: one, ...where })),
        ]);
        for (const answer of answers) expect(answer).toMatch(/^(InvalidArgument|NotFound|AlreadyExists)/);
      }),
      { numRuns: 60 },
    );
    expect(await client.dump({ namespace })).toEqual(before);
  });
});

describe("an operator", () => {
  test("follows the README", async () => {
    const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
    const example = /```sh\n(ask\(\).*?)```/s.exec(readme)![1]!.replace("http://localhost:9090", server.url);
    const { stdout } = await promisify(execFile)("sh", ["-ec", example]);
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(answers.slice(0, 3)).toEqual([
      { prefix: { cidr: "10.0.0.0/16" } },
      { prefix: { cidr: "10.0.0.0/24", parentCidr: "10.0.0.0/16" } },
      { ip: { ip: "10.0.0.1", parentPrefix: "10.0.0.0/24" } },
    ]);
    expect(answers[3]).toMatchObject({ availableIps: "256", acquiredIps: "3" });
    expect(answers[4]).toMatchObject({ ip: { ip: "10.0.0.1" } });
  });

  test("asks for its health", async () => {
    const check = createClient(health.Health, createGrpcTransport({ baseUrl: server.url }));
    const { SERVING } = health.HealthCheckResponse_ServingStatus;
    for (const service of ["", "api.v1.IpamService"]) expect((await check.check({ service })).status).toBe(SERVING);
    expect(await refusal(check.check({ service: "nobody" }))).toMatch(/^NotFound/);
  });

  test("asks what services there are, as grpcurl does", async () => {
    for (const service of [reflection.ServerReflection, reflection.ServerReflectionV1Alpha]) {
      const reflected = createClient(service, createGrpcTransport({ baseUrl: server.url }));
      async function* questions() {
        yield { messageRequest: { case: "listServices", value: "" } } as const;
        yield { messageRequest: { case: "fileContainingSymbol", value: "api.v1.IpamService.AcquireIP" } } as const;
      }
      const answers = [];
      for await (const { messageResponse } of reflected.serverReflectionInfo(questions()))
        answers.push(messageResponse);
      expect(answers[0]!.value).toMatchObject({
        service: [{ name: "api.v1.IpamService" }, { name: "grpc.health.v1.Health" }],
      });
      expect(answers[1]!.case).toBe("fileDescriptorResponse");
    }
  });

  test("reads how many calls there were and how long they took", async () => {
    const metrics = await (await fetch(server.metricsUrl)).text();
    expect(metrics).toMatch(
      /^rpc_server_duration_milliseconds_count\{rpc_service="api.v1.IpamService",rpc_method="CreateNamespace",rpc_code="ok"\} \d+$/m,
    );
    expect(metrics).toMatch(/rpc_method="GetPrefix",rpc_code="NotFound"/);
  });
});
