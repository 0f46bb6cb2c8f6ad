// Stands before every method: identity, authorisation, limits, deadlines, and what a caller may read of an error.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { Identity } from "@metal-stack/service";
import type { Context } from "../context.ts";
import { EVERYTHING } from "@metal-stack/database";
import { certificateIsValid } from "../identity/certificates.ts";
import { type Caller, ruleOf } from "./authorisation.ts";
import { type Peer, peerKey } from "./peer.ts";
import { isFault, toConnectError } from "./status.ts";

/** A call that is no stream and takes longer has failed: the caller tries again. */
const UNARY_DEADLINE_MS = 30_000;

/** Calls in flight, streams included: of one machine, of one agent, of all callers without a certificate at one address. */
const MAX_CALLS: Readonly<Record<"machine" | "agent" | "stranger", number>> = { machine: 16, agent: 512, stranger: 32 };

type Unary = (request: unknown, context: HandlerContext) => Promise<unknown>;
type ServerStream = (request: unknown, context: HandlerContext) => AsyncIterable<unknown>;

/** Who calls, as far as the authorisation table is concerned. */
interface Authorised {
  readonly peer: Peer;
  /** Undefined for strangers and legacy agents. */
  readonly identity: Identity | undefined;
}

export class Guard {
  readonly #context: Context;
  readonly #stopping: AbortSignal;
  readonly #calls = new Map<string, number>();

  constructor(context: Context, stopping: AbortSignal) {
    this.#context = context;
    this.#stopping = stopping;
  }

  /** The service with every method guarded. */
  wrap<Service extends DescService>(service: Service, implementation: ServiceImpl<Service>): ServiceImpl<Service> {
    const methods = implementation as Record<string, Unary & ServerStream>;
    const guarded = service.methods.map((method) => {
      const call = methods[method.localName]!.bind(implementation);
      const wrapped = method.methodKind === "unary" ? this.#unary(method, call) : this.#stream(method, call);
      return [method.localName, wrapped];
    });
    return Object.fromEntries(guarded) as ServiceImpl<Service>;
  }

  #unary(method: DescMethod, call: Unary): Unary {
    return async (request, context) => {
      const caller = await this.#authorise(method, request, context);
      const release = this.#count(caller);
      const deadline = deadlineAfter(UNARY_DEADLINE_MS);
      try {
        return await Promise.race([call(request, context), deadline.passed]);
      } catch (error) {
        throw this.#refusal(method, caller, error);
      } finally {
        deadline.cancel();
        release();
      }
    };
  }

  #stream(method: DescMethod, call: ServerStream): ServerStream {
    return (request, context) => this.#messages(method, call, request, context);
  }

  async *#messages(method: DescMethod, call: ServerStream, request: unknown, context: HandlerContext) {
    const caller = await this.#authorise(method, request, context);
    const release = this.#count(caller);
    const revocation = this.#revocation(caller, context.signal);
    try {
      for await (const message of call(request, withSignal(context, revocation.signal))) {
        // A stream outlives certificates: nothing is said to one that ended or was revoked meanwhile.
        await this.#checkCertificate(caller.peer);
        yield message;
      }
    } catch (error) {
      if (!this.#stopping.aborted) throw this.#refusal(method, caller, error);
    } finally {
      revocation.stop();
      release();
    }
    if (revocation.signal.aborted && !context.signal.aborted) await this.#checkCertificate(caller.peer);
    // The end of a stream may mean something (Wait: allocated); our going down must not look like it.
    if (this.#stopping.aborted) throw new ConnectError("metal-api is going down, try again", Code.Unavailable);
  }

  async #authorise(method: DescMethod, request: unknown, context: HandlerContext): Promise<Authorised> {
    const rule = ruleOf(method);
    const peer = context.values.get(peerKey);
    if (!rule) throw new ConnectError("nobody may call this", Code.PermissionDenied);
    if (rule.callers.length === 0) return { peer, identity: undefined };

    const caller = this.#callerOf(peer);
    if (!caller)
      throw new ConnectError("a client certificate of metal-stack's authority is needed", Code.Unauthenticated);
    await this.#checkCertificate(peer);
    if (!rule.callers.includes(caller))
      throw new ConnectError(`${caller} may not call ${method.parent.typeName}/${method.name}`, Code.PermissionDenied);
    if (peer.identity && !rule.inOwnName(request, peer.identity)) {
      this.#context.log.warn({ peer: peer.identity, method: method.name }, "refused a call in another one's name");
      throw new ConnectError(`${caller} "${peer.identity.id}" may not speak for another`, Code.PermissionDenied);
    }
    return { peer, identity: peer.identity };
  }

  /** Aborts with the call's own signal, and as soon as the machine's certificate is revoked. */
  #revocation({ peer, identity }: Authorised, signal: AbortSignal) {
    const ended = new AbortController();
    const end = () => ended.abort();
    signal.addEventListener("abort", end, { once: true });
    if (identity?.component !== "machine")
      return { signal: ended.signal, stop: () => signal.removeEventListener("abort", end) };
    const unsubscribe = this.#context.notifications.subscribe("machine", (id) => {
      if (id === identity.id || id === EVERYTHING) void this.#checkCertificate(peer).catch(end);
    });
    return {
      signal: ended.signal,
      stop: () => {
        signal.removeEventListener("abort", end);
        unsubscribe();
      },
    };
  }

  #callerOf(peer: Peer): Caller | undefined {
    if (peer.identity) return peer.identity.component;
    return peer.anonymousCertificate && this.#context.config.legacyAgents ? "legacy" : undefined;
  }

  /** Certificates end while connections live on, and machines' ones are revoked at release. */
  async #checkCertificate(peer: Peer): Promise<void> {
    if (peer.serial === "") return;
    const now = this.#context.clock();
    const machine = peer.identity?.component === "machine" ? peer.identity.id : undefined;
    const valid = machine ? await certificateIsValid(this.#context.db, machine, peer.serial, now) : peer.notAfter > now;
    if (!valid) throw new ConnectError("the client certificate has ended or was revoked", Code.Unauthenticated);
  }

  /** Counts the call in; the returned function counts it out. Throws when the caller has too many. */
  #count({ peer, identity }: Authorised): () => void {
    const key = identity ? `${identity.component} ${identity.id}` : peer.serial || peer.address;
    const kind = identity?.component === "machine" ? "machine" : peer.serial === "" ? "stranger" : "agent";
    const calls = this.#calls.get(key) ?? 0;
    if (calls >= MAX_CALLS[kind]) throw new ConnectError("too many calls at once, try later", Code.ResourceExhausted);
    this.#calls.set(key, calls + 1);
    return () => {
      const left = this.#calls.get(key)! - 1;
      if (left === 0) this.#calls.delete(key);
      else this.#calls.set(key, left);
    };
  }

  #refusal(method: DescMethod, { identity }: Authorised, error: unknown): ConnectError {
    if (isFault(error)) this.#context.log.error({ err: error, method: method.name, peer: identity }, "a call failed");
    return toConnectError(error);
  }
}

function withSignal(context: HandlerContext, signal: AbortSignal): HandlerContext {
  return Object.create(context, { signal: { value: signal } }) as HandlerContext;
}

function deadlineAfter(ms: number) {
  const { promise, reject } = Promise.withResolvers<never>();
  const error = new ConnectError(`no answer within ${ms / 1000} s`, Code.DeadlineExceeded);
  const timer = setTimeout(() => reject(error), ms);
  promise.catch(() => undefined);
  return { passed: promise, cancel: () => clearTimeout(timer) };
}
