import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { agent } from "@metal-stack/protocol";
import { describe, expect, it } from "vitest";
import { chainScript, PlanError, planScript, retryScript } from "./rules-script.ts";

const SITE = { baseUrl: "http://10.255.0.2:4242" };

function plan(init: MessageInitShape<typeof agent.PlanResponseSchema>["plan"]) {
  return create(agent.PlanResponseSchema, init === undefined ? {} : { plan: init }).plan;
}

const DISCOVERY = {
  kernelUrl: "vmlinuz",
  initrdUrls: ["initrd.img"],
  cmdline: "console=ttyS0,115200n8 ip=dhcp",
  ticket: "tick-1",
};

function discovery(changed: Partial<typeof DISCOVERY> = {}) {
  return planScript(SITE, "pcbios", plan({ case: "discovery", value: { ...DISCOVERY, ...changed } }));
}

describe("the script of a machine to be discovered", () => {
  it("loads kernel and initial RAM disk and hands over the ticket", () => {
    expect(discovery().split("\n").slice(0, 6)).toEqual([
      "#!ipxe",
      "echo metal-stack: booting the discovery image",
      "imgfree",
      "kernel --name kernel http://10.255.0.2:4242/files/vmlinuz?as=kernel initrd=initrd0 console=ttyS0,115200n8 ip=dhcp" +
        " metal.config=http://10.255.0.2:4242/config metal.ticket=tick-1 || goto failed",
      "initrd --name initrd0 http://10.255.0.2:4242/files/initrd.img?as=initrd || goto failed",
      "boot ||",
    ]);
  });

  it("takes several RAM disks, in order, also from another server", () => {
    const script = discovery({ initrdUrls: ["http://cache.lab/a.img", "/files/b.img"] });
    expect(script).toContain(" initrd=initrd0 initrd=initrd1 ");
    expect(script).toContain("initrd --name initrd0 http://cache.lab/a.img ||");
    expect(discovery({ kernelUrl: "http://10.255.0.2:4242/files/k" })).toContain("/files/k?as=kernel ");
    expect(script).toContain("initrd --name initrd1 http://10.255.0.2:4242/files/b.img?as=initrd ||");
  });

  it("starts over when a download fails", () => {
    expect(discovery()).toMatch(
      /:failed\n[^]*sleep 5\nchain --replace --autofree http:\/\/10.255.0.2:4242\/boot.ipxe \|\|\n/,
    );
  });

  it.each([
    ["a second command in the kernel's arguments", { cmdline: "quiet\nshell" }],
    ["a command after the kernel's arguments", { cmdline: "quiet || shell" }],
    ["an iPXE variable", { cmdline: "x=${net0/password}" }],
    ["a comment that would hide the ticket", { cmdline: "quiet # x" }],
    ["a URL with a space", { kernelUrl: "http://a/b c" }],
    ["a local file as URL", { kernelUrl: "file:/etc/passwd" }],
    ["no kernel", { kernelUrl: "" }],
    ["no ticket", { ticket: "" }],
    ["a ticket with a line end", { ticket: "a\nb" }],
  ])("is not made from %s", (_, changed) => {
    expect(() => discovery(changed)).toThrow(PlanError);
  });
});

describe("the script of an allocated machine", () => {
  const local = plan({ case: "localDisk", value: { reason: "allocated" } });
  it("boots the first disk on BIOS", () => {
    expect(planScript(SITE, "pcbios", local)).toContain("sanboot --no-describe --drive 0x80 || exit 1\n");
  });
  it("leaves the rest to UEFI's next boot entry", () => {
    expect(planScript(SITE, "efi", local)).toMatch(/exit 1\n$/);
  });
});

describe("the script of a machine that gets nothing", () => {
  it("says why, and asks again later", () => {
    const script = planScript(SITE, "efi", plan({ case: "refuse", value: { reason: "locked by an operator" } }));
    expect(script).toContain("echo metal-stack: this machine is not booted - locked by an operator\n");
    expect(script).toContain("sleep 30\nchain --replace --autofree http://10.255.0.2:4242/boot.ipxe ||\ngoto again\n");
  });

  it("shows a reason as text, whatever it holds", () => {
    const script = retryScript(SITE, "a\nshell\n${uuid} && reboot || ;");
    expect(script.split("\n")[1]).toBe("echo metal-stack: a?shell???uuid? ?? reboot ?? ?");
  });

  it("is not made from an empty plan", () => {
    expect(() => planScript(SITE, "efi", plan(undefined))).toThrow("the plan is empty");
  });
});

it("every iPXE starts by asking for its own script, and reboots after 60 tries", () => {
  expect(chainScript(SITE)).toBe(`#!ipxe
chain --replace --autofree http://10.255.0.2:4242/ipxe?mac=\${netX/mac}&uuid=\${uuid}&arch=\${buildarch}&platform=\${platform} ||
echo The boot server has no script for this machine
isset \${tries} || set tries:int32 0
:again
inc tries
iseq \${tries} 60 && reboot ||
echo Trying again in 5 s (try \${tries})
sleep 5
chain --replace --autofree http://10.255.0.2:4242/boot.ipxe ||
goto again
`);
});
