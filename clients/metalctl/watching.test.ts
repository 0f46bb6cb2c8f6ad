// What metalctl does over a while: watching lists, waiting for a machine, an editor, questions; and how it complains.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

const LONG_MS = 60_000;
let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
});
beforeEach(() => api.forget());
afterAll(() => api.close());

const NOW = new Date().toISOString();
const machine = (...events: string[]) => ({
  id: "m",
  liveliness: "Alive",
  allocation: { hostname: "web", project: "p", succeeded: events.includes("Phoned Home") },
  // Newest first; the time of an event stays the same.
  events: {
    log: events.map((event, at) => ({
      event,
      time: new Date(Date.parse(NOW) + (events.length - at) * 1000).toISOString(),
      message: "",
    })),
  },
});

it(
  "watches a list: prints it again when it has changed, and survives an API that is away",
  async () => {
    let asked = 0;
    const answers: Record<number, [number, unknown]> = { 2: [500, "away"], 3: [200, [{ id: "b" }]] };
    api.answers["GET /metal/v1/partition"] = () => answers[asked++] ?? [200, [{ id: "a" }]];
    const child = spawn(
      process.execPath,
      [api.program, "partition", "ls", "-w", "--interval", "500ms", "--no-headers"],
      {
        cwd: api.folder,
        env: { PATH: process.env["PATH"], HOME: api.folder },
      },
    );
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (seen += text));
    await expect
      .poll(() => seen, { timeout: LONG_MS })
      .toBe("a\nError: away (HTTP 500)\nNext: see how the API is: metalctl health\nb\na\n");
    child.kill("SIGINT");
    await new Promise((resolve) => child.on("close", resolve));
    expect((await api.metalctl("partition", "ls", "-w", "--interval", "1ms")).stderr).toContain("at most every 500 ms");
  },
  LONG_MS,
);

describe("metalctl machine create --wait", () => {
  const words = "machine create --id m --project p --image i --networks n --hostname h -p key --wait".split(" ");

  it(
    "tells of each step, and prints the machine when it is in use",
    async () => {
      api.answers["POST /metal/v1/machine/allocate"] = [200, machine()];
      let looks = 0;
      const steps = [
        ["Waiting"],
        ["Installing", "Waiting"],
        ["Phoned Home", "Booting New Kernel", "Installing", "Waiting"],
      ];
      api.answers["GET /metal/v1/machine/m"] = () => [200, machine(...steps[Math.min(looks++, 2)]!)];
      const { code, stdout, stderr } = await api.metalctl(...words, "-o", "template", "--template", "{{ .id }}");
      expect(stderr.replaceAll(/^\d\S*( \d\S*)? +/gm, "")).toMatch(
        /^machine m is allocated\nWaiting\nInstalling\nBooting New Kernel\nPhoned Home\nin use after /,
      );
      expect([code, stdout]).toEqual([0, "m\n"]);
    },
    LONG_MS,
  );

  it(
    "says that the machine goes on when it is interrupted",
    async () => {
      api.answers["POST /metal/v1/machine/allocate"] = [200, machine()];
      api.answers["GET /metal/v1/machine/m"] = [200, machine("Installing")];
      const env = { PATH: process.env["PATH"], HOME: api.folder };
      const child = spawn(process.execPath, [api.program, ...words], { cwd: api.folder, env });
      let seen = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (seen += text));
      await expect.poll(() => seen, { timeout: LONG_MS }).toContain("Installing");
      child.kill("SIGINT");
      expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
      expect(seen).toContain("machine m is allocated, and goes on; see: metalctl machine why m\n");
    },
    LONG_MS,
  );

  it(
    "says where the machine stands when time is over",
    async () => {
      api.answers["POST /metal/v1/machine/allocate"] = [200, machine()];
      api.answers["GET /metal/v1/machine/m"] = [200, machine("Installing")];
      api.answers["GET /metal/v1/machine/m/why"] = [
        200,
        {
          state: "installing",
          doing: "installing",
          since: NOW,
          deadline: NOW,
          next: "it boots",
          actions: [],
          also: [],
          facts: {},
        },
      ];
      const { code, stderr } = await api.metalctl(...words, "--wait-timeout", "1s");
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /Error: machine m is allocated, but not in use after 1s\n\nIt is installing\.[^]*\n\nNext: metalctl machine why m\n$/,
      );
    },
    LONG_MS,
  );
});

describe("metalctl edit", () => {
  /** An editor that does this to the file. */
  function editor(script: string): void {
    writeFileSync(join(api.folder, "editor"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(api.folder, "editor"), 0o755);
    api.env = { PATH: process.env["PATH"]!, EDITOR: `${join(api.folder, "editor")} -x` };
  }

  it("sends what the editor leaves, and nothing when it left it as it was", async () => {
    api.answers["GET /metal/v1/size/s"] = [200, { id: "s", name: "old" }];
    api.answers["POST /metal/v1/size"] = (body) => [200, body];
    editor(`sed -i s/old/new/ "$2"`);
    expect((await api.metalctl("size", "edit", "s", "-o", "json")).stdout).toContain('"name": "new"');
    editor("true");
    expect((await api.metalctl("size", "edit", "s")).stdout).toBe("no changes were made\n");
    expect(api.calls.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  it("keeps the text when it cannot be taken", async () => {
    api.answers["GET /metal/v1/size/s"] = [200, { id: "s", name: "old" }];
    api.answers["POST /metal/v1/size"] = [422, { statuscode: 422, message: "no" }];
    editor(`sed -i s/old/new/ "$2"`);
    const { stderr } = await api.metalctl("size", "edit", "s");
    const file = /What you wrote is in (\S+)\./.exec(stderr)![1]!;
    expect(readFileSync(file, "utf8")).toContain("name: new");
    editor(`echo "id: [" > "$2"`);
    const broken = await api.metalctl("size", "edit", "s");
    expect(broken.stderr).toMatch(/line \d+, column \d+/);
    expect(existsSync(/What you wrote is in (\S+)\./.exec(broken.stderr)![1]!)).toBe(true);
  });
});

describe("metalctl complains", () => {
  it("with what happened, the machine's reason and what to do", async () => {
    api.answers["DELETE /metal/v1/machine/m/free"] = [422, { statuscode: 422, message: "machine is locked" }];
    api.answers["GET /metal/v1/machine/m/why"] = [
      200,
      {
        state: "in-use",
        doing: "in use",
        since: NOW,
        deadline: NOW,
        next: "nothing",
        actions: ["unlock it"],
        also: ["locked: busy"],
        facts: {},
      },
    ];
    expect((await api.metalctl("machine", "rm", "m")).stderr).toMatch(
      /^Error: machine is locked \(HTTP 422\)\n\nIt is in use\.\nAlso: +locked: busy\n[^]*You can: +unlock it\n$/,
    );
    api.answers["POST /metal/v1/machine/allocate"] = [
      404,
      { statuscode: 404, message: "no machine", reasons: ["m1 is locked", "m2 is dead"] },
    ];
    const words = "machine create --size s --partition x --project p --image i --networks n --hostname h -p key".split(
      " ",
    );
    expect((await api.metalctl(...words)).stderr).toBe(
      "Error: no machine (HTTP 404)\n\n- m1 is locked\n- m2 is dead\n",
    );
  });

  it("about an API that is away, with where it was looked for", async () => {
    const { code, stderr } = await api.metalctl("size", "ls", "--api-url", "http://127.0.0.1:2/metal");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: .*127\.0\.0\.1:2[^]*\n\nThe API is expected at http:\/\/127\.0\.0\.1:2\/metal \(--api-url[^]*\n\nNext: check/,
    );
    api.env = { METALCTL_API_URL: "example.org" };
    expect((await api.metalctl("size", "ls")).stderr).toMatch(
      /^Error: "example\.org" is no address of an API\n\nIt comes from --api-url or METALCTL_API_URL\.\n\nNext: /,
    );
    api.env = {};
    const version = await api.metalctl("version", "--api-url", "http://127.0.0.1:2/metal");
    expect(version.stdout).toMatch(/^---\nclient: v/);
    expect(version.code).toBe(1);
  });

  it("to whom the API does not know, and whose token has ended, with what to do", async () => {
    api.answers["GET /metal/v1/size"] = [403, { statuscode: 403, message: "not allowed" }];
    expect((await api.metalctl("size", "ls")).stderr).toMatch(/^Error: not allowed \(HTTP 403\)\nNext: check hmac /);
    writeFileSync(join(api.folder, "open.yaml"), `current: open\ncontexts:\n  open: {url: "${api.url}"}\n`);
    const open = (...words: string[]) => api.metalctl("-c", "open.yaml", "size", "ls", ...words);
    expect((await open()).stderr).toBe(
      "Error: not allowed (HTTP 403)\n\nYou are not logged in.\n\nNext: log in: metalctl login\n",
    );
    const token = (exp: number) => `e30.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.c2ln`;
    expect((await open("--api-token", token(1_700_000_000))).stderr).toContain(
      "Your token ended at 2023-11-14T22:13:20",
    );
    expect((await open("--api-token", token(4_000_000_000))).stderr).toContain("metalctl whoami");
    expect((await api.metalctl("-c", "open.yaml", "context", "opne")).stderr).toContain("Next: choose one of open\n");
  });

  it("before what cannot be undone, where nobody can be asked", async () => {
    const { stderr } = await api.metalctl("machine", "rm", "m", "--remove-from-database");
    expect(stderr).toMatch(
      /^Error: Machine m will be forgotten[^]*\nNext: if it is what you want: --yes-i-really-mean-it\n$/,
    );
    expect(api.calls).toEqual([]);
  });
});

it("tells of requests with --debug, without their secrets", async () => {
  api.answers["GET /metal/v1/size"] = [200, []];
  const { stderr } = await api.metalctl("size", "ls", "--debug");
  expect(stderr).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/metal\/v1\/size 200 after \d+ ms\n$/);
});

it("leaves out of a table what would steer the terminal", async () => {
  api.answers["GET /metal/v1/size"] = [200, [{ id: "s", name: "\u001b]0;title\u0007\u001b[2J" }]];
  expect((await api.metalctl("size", "ls", "--no-headers")).stdout).toBe("s   ]0;title  [2J\n");
});

it("writes a page of documentation for every command", async () => {
  expect((await api.metalctl("markdown", "pages")).stdout).toMatch(/^\d+ pages in pages; begin with metalctl\.md\n$/);
  const page = readFileSync(join(api.folder, "pages", "metalctl_machine_list.md"), "utf8");
  expect(page).toContain("### Examples\n\n```sh\n# all there are, with more columns\nmetalctl machine list -o wide\n");
  expect(page).toMatch(/^## metalctl machine list\n\nlist all machine entities\n/);
  expect(page).toContain("| `--project <value>` | only with this project |");
  expect(page).toContain("- [metalctl machine](metalctl_machine.md)");
  const context = readFileSync(join(api.folder, "pages", "metalctl_context.md"), "utf8");
  expect(context).toContain("```\n~/.metalctl/config.yaml:\n\ncurrent: prod\n");
});
