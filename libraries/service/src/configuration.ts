// The settings of services: environment variables that share a prefix, as the original's services have them
// (`METAL_CORE_PARTITION_ID`, …). A service declares its settings once; what reads them, what docs/settings.md says and what
// is told of unknown variables all come from that.
import { readFileSync } from "node:fs";
import { nearest } from "./nearest.ts";
import { Secret } from "./secret.ts";

/** A setting is missing or unreadable. The message names the variable and what it should hold. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** One variable. Without `default` and `unset` it must be set. */
export interface Setting {
  /** What it is for, with its unit. */
  readonly about: string;
  readonly default?: string | number | boolean;
  /** What holds when it is not set, in words. */
  readonly unset?: string;
}

export interface Settings<Name extends string = string> {
  readonly prefix: string;
  readonly settings: Readonly<Record<Name, Setting>>;
}

export function declareSettings<Name extends string>(
  prefix: string,
  settings: Readonly<Record<Name, Setting>>,
): Settings<Name> {
  return { prefix, settings };
}

/** The readers of declared settings that `declaration` names. */
export type EnvironmentOf<Declaration> = Declaration extends Settings<infer Name> ? Environment<Name> : never;

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const DURATION = /^(?:\d{1,9}(?:ms|s|m|h))+$/;

/** What Kubernetes sets in every container for a service of that name. */
const OF_KUBERNETES = /^(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP))/;

/** Reads declared settings. Every reader throws {@link ConfigurationError} with the variable's full name. */
export class Environment<Name extends string> {
  readonly #prefix: string;
  readonly #settings: Readonly<Record<Name, Setting>>;
  readonly #variables: NodeJS.ProcessEnv;

  constructor({ prefix, settings }: Settings<Name>, variables: NodeJS.ProcessEnv = process.env) {
    this.#prefix = prefix;
    this.#settings = settings;
    this.#variables = variables;
  }

  /** The same, and tells of variables that have the prefix and mean nothing. */
  static read<Name extends string>(
    settings: Settings<Name>,
    log: { readonly warn: (message: string) => void },
  ): Environment<Name> {
    const environment = new Environment(settings);
    for (const message of environment.unknown()) log.warn(message);
    return environment;
  }

  text(name: Name): string {
    const value = this.optional(name) ?? this.#settings[name].default;
    if (value === undefined) throw new ConfigurationError(`${this.#prefix}${name} is not set`);
    return String(value);
  }

  /** What is set; the declared default does not count. */
  optional(name: Name): string | undefined {
    return this.#variables[this.#prefix + name] || undefined;
  }

  /** A whole number within [min, max]. */
  integer(name: Name, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.text(name);
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new ConfigurationError(
        `${this.#prefix}${name} must be a whole number from ${min} to ${max}, not "${value}"`,
      );
    }
    return number;
  }

  /** Milliseconds of a duration as Go writes it ("30s", "1m30s"); without a unit it is seconds. */
  duration(name: Name, minMs = 0): number {
    const value = this.text(name);
    const text = /^\d+$/.test(value) ? `${value}s` : value;
    const parts = DURATION.test(text) ? [...text.matchAll(/(\d+)(ms|s|m|h)/g)] : [];
    const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * MS[unit as keyof typeof MS], 0);
    if (parts.length === 0 || ms < minMs)
      throw new ConfigurationError(`${this.#prefix}${name} must be a duration like 30s or 5m, not "${value}"`);
    return ms;
  }

  flag(name: Name): boolean {
    const value = this.text(name);
    if (["true", "1", "yes"].includes(value)) return true;
    if (["false", "0", "no"].includes(value)) return false;
    throw new ConfigurationError(`${this.#prefix}${name} must be true or false, not "${value}"`);
  }

  /** A comma-separated list; empty entries are dropped. */
  list(name: Name): string[] {
    return (this.optional(name) ?? "")
      .split(",")
      .map((entry) => entry.trim())
      .filter(Boolean);
  }

  secret(name: Name): Secret {
    return new Secret(this.text(name));
  }

  /** The content of the file that the variable names. */
  file(name: Name): string {
    const path = this.text(name);
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new ConfigurationError(`${this.#prefix}${name}: cannot read ${path}: ${(error as Error).message}`);
    }
  }

  /** What to tell of each variable that has the prefix and is not declared. */
  unknown(): string[] {
    const names = Object.keys(this.#settings);
    return Object.keys(this.#variables)
      .filter((variable) => variable.startsWith(this.#prefix))
      .map((variable) => variable.slice(this.#prefix.length))
      .filter((name) => !names.includes(name) && !OF_KUBERNETES.test(name))
      .sort()
      .map((name) => {
        const meant = nearest(name, names);
        const hint = meant === undefined ? "docs/settings.md lists them" : `is ${this.#prefix}${meant} meant?`;
        return `${this.#prefix}${name} is not a setting of this service and counts for nothing: ${hint}`;
      });
  }
}
