// Completion: what metalctl offers, and what the shells make of it.
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

let api: FakeApi;
let path: string;
beforeAll(async () => {
  api = await fakeApi();
  const bin = join(api.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "metalctl"), `#!/bin/sh\nexec "${process.execPath}" "${api.program}" "$@"\n`);
  chmodSync(join(bin, "metalctl"), 0o755);
  path = `${bin}${delimiter}${process.env["PATH"]}`;
});
beforeEach(() => api.forget());
afterAll(() => api.close());

const words = async (...typed: string[]) =>
  (await api.metalctl("__complete", ...typed)).stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0]);

describe("what is offered", () => {
  it("are commands, flags, formats, contexts, and ids from the API", async () => {
    api.answers["GET /metal/v1/machine"] = [200, [{ id: "m-1", allocation: { hostname: "web" } }, { id: "x" }]];
    api.answers["GET /metal/v1/project"] = [200, [{ meta: { id: "p1" }, name: "one" }]];
    api.answers["GET /metal/v1/network"] = [200, [{ id: "net1" }, { id: "net2" }]];
    expect(await words("mach")).toEqual(["machine"]);
    expect(await words("-c", "config.yaml", "machine", "power", "")).toEqual(
      "on off reset cycle bios disk pxe".split(" "),
    );
    expect((await api.metalctl("__complete", "machine", "power", "on", "m")).stdout).toBe("m-1\tweb\n");
    expect((await api.metalctl("__completeNoDesc", "machine", "power", "on", "m")).stdout).toBe("m-1\n");
    expect(await words("machine", "power", "on", "m-1", "")).toEqual([]);
    expect(await words("ms", "ls", "--project", "")).toEqual(["p1"]);
    expect(await words("ms", "ls", "--project=p")).toEqual(["--project=p1"]);
    expect(await words("ms", "create", "--networks", "net1,n")).toEqual(["net1,net1", "net1,net2"]);
    expect(await words("machine", "ls", "--network-d")).toEqual(["--network-destination-prefixes"]);
    expect(await words("size", "ls", "-o", "js")).toEqual(["json"]);
    expect(await words("machine", "issues", "--severity", "m")).toEqual(["minor", "major"]);
    expect(await words("context", "o")).toEqual(["other"]);
    expect(await words("firmware", "upload", "bios", "")).toEqual([]);
  });

  it("are what documents of the API have in a field, ports of the switch, firmware that is there, and keys to sort by", async () => {
    api.answers["GET /metal/v1/switch"] = [
      200,
      ["a", "b"].map((id) => ({ id, rack_id: "r1", os: { vendor: "SONiC" } })),
    ];
    api.answers["GET /metal/v1/switch/a"] = [200, { nics: [{ name: "swp1" }, { name: "swp2" }] }];
    api.answers["GET /metal/v1/image"] = [200, [{ id: "debian-12.0.20261101" }, { id: "firewall-ubuntu-3.0" }]];
    api.answers["POST /metal/v1/machine/ipmi/find"] = [200, [{ ipmi: { fru: { product_serial: "S1" } } }, {}]];
    const boards = { x11: ["3.5", "3.6"] };
    const firmware = { revisions: { bios: { VendorRevisions: { acme: { BoardRevisions: boards } } } } };
    api.answers["GET /metal/v1/firmware"] = [200, firmware];
    api.answers["GET /metal/v1/firmware?machine-id=m&kind=bios"] = [200, firmware];
    expect(await words("switch", "ls", "--rack", "")).toEqual(["r1"]);
    expect(await words("switch", "detail", "--os-vendor", "s")).toEqual(["SONiC"]);
    expect(await words("switch", "port", "up", "a", "--port", "")).toEqual(["swp1", "swp2"]);
    expect(await words("image", "ls", "--os", "")).toEqual(["debian", "firewall-ubuntu"]);
    expect(await words("machine", "ls", "--product-serial", "")).toEqual(["S1"]);
    expect(await words("firmware", "ls", "--vendor", "")).toEqual(["acme"]);
    expect(await words("firmware", "ls", "--board", "")).toEqual(["x11"]);
    expect(await words("machine", "update-firmware", "bios", "m", "--revision", "")).toEqual(["3.5", "3.6"]);
    expect(await words("machine", "ls", "--sort-by", "p")).toEqual(["partition", "project"]);
    expect(await words("machine", "ls", "--sort-by", "id,a")).toEqual(["id,age"]);
    expect(await words("network", "ip", "ls", "--type", "")).toEqual(["ephemeral", "static"]);
    expect(await words("size", "create", "--type", "g")).toEqual(["gpu"]);
  });

  it("are the ids of the API that the line names", async () => {
    api.answers["GET /metal/v1/size"] = [200, [{ id: "s" }]];
    expect(await words("--api-url", "http://127.0.0.1:1", "size", "get", "")).toEqual([]);
    expect(await words("--config=missing", "size", "get", "--api-url", api.url, "")).toEqual([]);
    expect(await words("size", "get", "--api-url", api.url, "")).toEqual(["s"]);
  });

  it("is nothing, without a word, when the API refuses, is silent or sends rubbish", async () => {
    const quiet = { code: 0, stdout: "", stderr: "" };
    expect(await api.metalctl("__complete", "size", "get", "")).toEqual(quiet);
    expect(await api.metalctl("__complete", "no", "such", "")).toMatchObject({ code: 0, stderr: "" });
    api.answers["GET /metal/v1/size"] = [200, [{ id: "a\nb" }, { id: "c", name: "d\n\u001b[2Je\tf" }, {}]];
    expect((await api.metalctl("__complete", "size", "get", "")).stdout).toBe("c\td [2Je f\n");
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    expect(await api.metalctl("__complete", "size", "get", "--api-url", url, "")).toEqual(quiet);
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  });
});

const present = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;
const run = promisify(execFile);

/** What a shell prints that runs a script. Not synchronously: the API answers from here. */
const shell = async (program: string, script: string) =>
  (await run(program, ["-c", script], { cwd: api.folder, env: { PATH: path, HOME: api.folder, TERM: "dumb" } })).stdout;

/** bash as it is when somebody has typed a line and hits tab. */
const bash = (line: string) =>
  shell(
    "bash",
    `source <(metalctl completion bash)
COMP_LINE=${JSON.stringify(line).replaceAll("$", "\\$")} COMP_POINT=${line.length}
words=\${COMP_LINE//[:=]/ & }; [[ $COMP_LINE == *" " ]] && words+=" ''"
eval "COMP_WORDS=($words)"; COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_metalctl; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );

describe("bash", () => {
  it("completes commands and ids, also ones with colons", async () => {
    api.answers["GET /metal/v1/ip"] = [
      200,
      [{ ipaddress: "fe80::1" }, { ipaddress: "fe80::2" }, { ipaddress: "10.0.0.1" }],
    ];
    expect(await bash("metalctl swi")).toBe("switch\n");
    expect(await bash("metalctl network ip get 10")).toBe("10.0.0.1\n");
    expect(await bash("metalctl network ip get fe80::")).toBe("1\n2\n".replaceAll(/^/gm, "").trim() + "\n");
    expect((await bash("metalctl network ip get ")).split("\n")).toContain("fe80::1");
  });

  it("runs nothing of what the API says", async () => {
    api.answers["GET /metal/v1/size"] = [200, [{ id: "$(touch${IFS}owned)" }, { id: "`touch${IFS}owned`" }]];
    expect(await bash("metalctl size get ")).toContain("\\$\\(touch");
    expect(await shell("bash", "ls")).not.toContain("owned");
  });
});

describe.runIf(present("zsh"))("zsh", () => {
  it("offers words with their descriptions", async () => {
    api.answers["GET /metal/v1/size"] = [200, [{ id: "a:b", name: "the one" }]];
    const script = `compdef() { :; }; _describe() { print -rl -- "\${(@P)2}"; }; source <(metalctl completion zsh)
words=(metalctl size get ''); CURRENT=4; _metalctl`;
    expect(await shell("zsh", script)).toBe("a\\:b:the one\n");
  });
});

describe.runIf(present("fish"))("fish", () => {
  it("offers words with their descriptions", async () => {
    api.answers["GET /metal/v1/size"] = [200, [{ id: "a:b", name: "the one" }]];
    const offered = (line: string) => shell("fish", `metalctl completion fish | source; complete -C "${line}"`);
    expect(await offered("metalctl size get ")).toBe("a:b\tthe one\n");
    expect(await offered("metalctl swi")).toMatch(/^switch\tleaf switches\n/);
  });
});

for (const name of ["zsh", "fish"])
  if (!present(name)) console.warn(`SKIPPED: completion in ${name}: there is no ${name} on this machine`);
