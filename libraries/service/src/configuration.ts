import { readFileSync } from "node:fs";
import { Secret } from "./secret.ts";

/** A setting is missing or unreadable. The message names the variable and what it should hold. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * Reads a service's settings from environment variables that share a prefix, as the original's services do
 * (`METAL_CORE_PARTITION_ID`, …). Every reader throws {@link ConfigurationError} with the variable's full name.
 */
export class Environment {
  readonly #prefix: string;
  readonly #variables: NodeJS.ProcessEnv;

  constructor(prefix: string, variables: NodeJS.ProcessEnv = process.env) {
    this.#prefix = prefix;
    this.#variables = variables;
  }

  /** A text; without a fallback it must be set. */
  text(name: string, fallback?: string): string {
    const value = this.#variables[this.#prefix + name];
    if (value !== undefined && value !== "") return value;
    if (fallback !== undefined) return fallback;
    throw new ConfigurationError(`${this.#prefix}${name} is not set`);
  }

  optional(name: string): string | undefined {
    return this.#variables[this.#prefix + name] || undefined;
  }

  /** A whole number within [min, max]. */
  integer(name: string, fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.text(name, String(fallback));
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new ConfigurationError(
        `${this.#prefix}${name} must be a whole number from ${min} to ${max}, not "${value}"`,
      );
    }
    return number;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.text(name, String(fallback));
    if (["true", "1", "yes"].includes(value)) return true;
    if (["false", "0", "no"].includes(value)) return false;
    throw new ConfigurationError(`${this.#prefix}${name} must be true or false, not "${value}"`);
  }

  /** A comma-separated list; empty entries are dropped. */
  list(name: string): string[] {
    return (this.optional(name) ?? "")
      .split(",")
      .map((entry) => entry.trim())
      .filter(Boolean);
  }

  secret(name: string, fallback?: string): Secret {
    return new Secret(this.text(name, fallback));
  }

  /** The content of the file that the variable names. */
  file(name: string): string {
    const path = this.text(name);
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new ConfigurationError(`${this.#prefix}${name}: cannot read ${path}: ${(error as Error).message}`);
    }
  }
}
