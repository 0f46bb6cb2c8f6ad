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

/** What of it means something to us; docs/settings.md shows it. */
export const PARAMETERS = {
  "metal.config": { about: "URL of the partition's configuration, http://…/config; pixiecore gives it" },
  "metal.ticket": { about: "good for one exchange against a certificate; pixiecore gives it" },
  console: { about: "what the installed system uses as its console", default: "ttyS0,115200" },
} as const;

export interface BootParameters {
  readonly configUrl: string;
  readonly ticket: string;
  readonly console: string;
}

/** @throws {Error} that says which parameter the boot server should have given */
export function bootParameters(line: string): BootParameters {
  const parameters = parseCommandLine(line);
  const needed = (name: keyof typeof PARAMETERS) => {
    const value = parameters.get(name);
    if (!value) throw new Error(`the kernel command line has no ${name}: this machine was not booted by pixiecore`);
    return value;
  };
  return {
    configUrl: needed("metal.config"),
    ticket: needed("metal.ticket"),
    console: parameters.get("console") || PARAMETERS.console.default,
  };
}
