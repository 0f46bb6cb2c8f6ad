import { describe, expect, it } from "vitest";
import { bootParameters, parseCommandLine } from "./rules-command-line.ts";

describe("the kernel command line", () => {
  it("gives parameters by name, the last of a name, quotes holding spaces together", () => {
    const parameters = parseCommandLine(
      'quiet console=tty0 dyndbg="file a.c +p" console=ttyS1,115200 metal.ticket=a=b\n',
    );
    expect(Object.fromEntries(parameters)).toEqual({
      quiet: "",
      console: "ttyS1,115200",
      dyndbg: "file a.c +p",
      "metal.ticket": "a=b",
    });
  });

  it("tells where the configuration is and brings the ticket", () => {
    expect(bootParameters("metal.config=http://10.0.0.1/config metal.ticket=t")).toEqual({
      configUrl: "http://10.0.0.1/config",
      ticket: "t",
      console: "ttyS0,115200",
    });
  });

  it("says what is missing when the machine was booted by something else", () => {
    expect(() => bootParameters("quiet")).toThrow("no metal.config");
    expect(() => bootParameters("metal.config=http://x/")).toThrow("no metal.ticket");
  });
});
