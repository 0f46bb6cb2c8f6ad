import { describe, expect, it } from "vitest";
import { ModuleDependencies, moduleName } from "./kernel-modules.ts";

const kernel = new ModuleDependencies(
  [
    "kernel/net/core/failover.ko:",
    "kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko",
    "kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko",
    "kernel/drivers/net/dummy.ko.xz:",
    "kernel/drivers/md/dm-mod.ko: ",
    "",
  ].join("\n"),
  "kernel/drivers/virtio/virtio.ko\n",
);

describe("the modules of an image", () => {
  it("come with all they need, sorted, once each", () => {
    expect(kernel.resolve(["virtio_net", "net_failover"])).toEqual({
      files: ["kernel/drivers/net/net_failover.ko", "kernel/drivers/net/virtio_net.ko", "kernel/net/core/failover.ko"],
      missing: [],
    });
  });

  it("are found by either spelling, compressed or not", () => {
    expect(kernel.resolve(["dm-mod", "dm_mod", "dummy"]).files).toEqual([
      "kernel/drivers/md/dm-mod.ko",
      "kernel/drivers/net/dummy.ko.xz",
    ]);
    expect(moduleName("kernel/drivers/md/dm-mod.ko.zst")).toBe("dm_mod");
  });

  it("need no file when the kernel has them built in", () => {
    expect(kernel.resolve(["virtio"])).toEqual({ files: [], missing: [] });
  });

  it("are told when this kernel lacks them", () => {
    expect(kernel.resolve(["fancy_nic"]).missing).toEqual(["fancy_nic"]);
  });
});
