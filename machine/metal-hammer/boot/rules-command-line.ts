// The kernel's command line, as the boot server wrote it for this one boot.

/** Parameters by name, the last one of a name winning; `"…"` holds spaces together (kernel-parameters.rst). */
export function parseCommandLine(line: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [word] of line.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    const text = word.replaceAll('"', "");
    const equals = text.indexOf("=");
    parameters.set(equals < 0 ? text : text.slice(0, equals), equals < 0 ? "" : text.slice(equals + 1));
  }
  return parameters;
}

export interface BootParameters {
  /** Where the partition's configuration is: `http://…/config`. */
  readonly configUrl: string;
  /** Good for one exchange against a certificate. */
  readonly ticket: string;
  /** What the installed system should use as its console, `ttyS0,115200`. */
  readonly console: string;
}

/** @throws {Error} that says which parameter the boot server should have given */
export function bootParameters(line: string): BootParameters {
  const parameters = parseCommandLine(line);
  const needed = (name: string) => {
    const value = parameters.get(name);
    if (!value) throw new Error(`the kernel command line has no ${name}: this machine was not booted by pixiecore`);
    return value;
  };
  return {
    configUrl: needed("metal.config"),
    ticket: needed("metal.ticket"),
    console: parameters.get("console") || "ttyS0,115200",
  };
}
