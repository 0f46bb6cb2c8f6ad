// The command stream of metal-api: take up each command once, do it, and tell how it went.
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { agent } from "@metal-stack/protocol";
import { follow, type Logger, retry, Secret } from "@metal-stack/service";
import { type Command, execute, type ExecutorOptions } from "./execute.ts";
import { Ledger, type Outcome } from "./ledger.ts";
import type { StoredLogin } from "./login.ts";
import { Schedule } from "./schedule.ts";

export type BmcServiceClient = Client<typeof agent.BmcService>;

/** BMCs spoken to at the same time. */
const MAX_PARALLEL = 20;
/** metal-api will not accept these results however often they are sent. */
const HOPELESS: readonly Code[] = [Code.NotFound, Code.InvalidArgument, Code.FailedPrecondition, Code.PermissionDenied];

export class CommandAgent {
  readonly #client: BmcServiceClient;
  readonly #partitionId: string;
  readonly #executor: ExecutorOptions;
  readonly #log: Logger;
  readonly #ledger = new Ledger();
  readonly #schedule = new Schedule(MAX_PARALLEL);
  /** Results on their way. */
  readonly #reporting = new Set<string>();

  constructor(client: BmcServiceClient, partitionId: string, executor: ExecutorOptions) {
    this.#client = client;
    this.#partitionId = partitionId;
    this.#executor = executor;
    this.#log = executor.log;
  }

  /** Runs until the signal aborts; connects again for ever. */
  async run(signal: AbortSignal): Promise<void> {
    await follow(
      (signal) => this.#client.commands({ partitionId: this.#partitionId }, { signal }),
      (message) => this.#take(message, signal),
      (error, retryInMs) =>
        this.#log.warn({ reason: reasonOf(error), retryInMs }, "the command stream of metal-api is interrupted"),
      signal,
    );
  }

  #take(message: agent.BmcCommand, signal: AbortSignal): void {
    // An empty command is a sign of life.
    if (message.command === "") return;
    const { commandId, machineId, command, address } = message;
    const taken = this.#ledger.take(commandId);
    if (taken === "running") return;
    if (taken !== "new") return void this.#report(commandId, taken, signal);
    const logins = message.logins.map(storedLogin);
    const wanted = message.wanted && storedLogin(message.wanted);
    const task = { commandId, machineId, command, address, logins, wanted };
    this.#schedule.add(machineId || address, () => this.#execute(task, signal));
  }

  async #execute(task: Command, signal: AbortSignal): Promise<void> {
    const subject = { command: task.command, id: task.commandId, machine: task.machineId, bmc: task.address };
    let outcome: Outcome;
    try {
      const started = (signal: AbortSignal) => this.#started(task.commandId, signal);
      outcome = { error: "", loginId: await execute(task, this.#executor, started, signal) };
      this.#log.info(subject, "command done");
    } catch (failure) {
      // Stopped in the middle: no result, so metal-api sends it again.
      if (signal.aborted) return;
      outcome = { error: reasonOf(failure), loginId: "" };
      this.#log.warn({ ...subject, reason: outcome.error }, "command failed");
    }
    this.#ledger.settle(task.commandId, outcome);
    void this.#report(task.commandId, outcome, signal);
  }

  /** Until metal-api answers or the command's time is up: what is not written down as begun must not begin. */
  async #started(commandId: string, signal: AbortSignal) {
    return retry(
      () => this.#client.commandStarted({ commandId }, { signal }),
      (failure) => this.#log.warn({ id: commandId, reason: reasonOf(failure) }, "cannot tell that a command begins"),
      signal,
    );
  }

  async #report(commandId: string, outcome: Outcome, signal: AbortSignal): Promise<void> {
    if (this.#reporting.has(commandId)) return;
    this.#reporting.add(commandId);
    const attempt = async () => {
      try {
        await this.#client.commandDone({ commandId, ...outcome }, { signal });
      } catch (failure) {
        if (!HOPELESS.includes(ConnectError.from(failure).code)) throw failure;
        this.#log.warn({ id: commandId, reason: reasonOf(failure) }, "metal-api does not want the command's result");
      }
    };
    try {
      await retry(
        attempt,
        (failure) =>
          this.#log.warn({ id: commandId, reason: reasonOf(failure) }, "cannot tell the command's result yet"),
        signal,
      );
    } catch {
      // Only when stopped.
    } finally {
      this.#reporting.delete(commandId);
    }
  }
}

function storedLogin({ id, user, password }: agent.BmcLogin): StoredLogin {
  return { id, user, password: new Secret(password) };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
