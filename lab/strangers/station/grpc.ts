// gRPC calls by the name of a method, with whatever certificate the caller has.
import { type AnyDesc, type DescMethod, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { agent, BootService, EventService } from "@metal-stack/protocol";
import { grpcTransport, type ClientCredentials } from "@metal-stack/service";

export interface GrpcCall {
  /** "host:port" */
  readonly address: string;
  readonly credentials: ClientCredentials;
  /** "agent.v1.IdentityService/Exchange" */
  readonly method: string;
  readonly request?: JsonValue;
  /** Of a stream, answer after so many messages; 1. */
  readonly messages?: number;
  readonly timeoutMs?: number;
}

export interface GrpcAnswer {
  /** "ok", or the name of gRPC's code: "unauthenticated". */
  readonly code: string;
  readonly message: string;
  readonly response: readonly JsonValue[];
}

const TIMEOUT_MS = 5_000;

/** Every method that metal-api has towards partitions and machines: new ones appear here by themselves. */
export const METHODS: readonly DescMethod[] = [BootService, EventService, ...Object.values(agent)].flatMap(
  (described: AnyDesc) => (described.kind === "service" ? described.methods : []),
);

export const nameOf = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

/** Connections that calls share, and those that stay open. */
const transports = new Map<string, Transport>();
const streams: { readonly abort: AbortController; open: boolean }[] = [];

function transportOf({ address, credentials }: GrpcCall): Transport {
  const key = `${address} ${credentials.ca} ${credentials.cert}`;
  const known = transports.get(key) ?? grpcTransport(address, credentials);
  transports.set(key, known);
  return known;
}

export async function grpc(call: GrpcCall): Promise<GrpcAnswer> {
  const method = METHODS.find((candidate) => nameOf(candidate) === call.method)!;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS)]);
  const response: JsonValue[] = [];
  try {
    for await (const message of answers(transportOf(call), method, call.request, signal)) {
      response.push(message);
      if (response.length >= (call.messages ?? 1)) break;
    }
    return { code: "ok", message: "", response };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { code: Code[code].toLowerCase(), message: rawMessage, response };
  } finally {
    stop.abort();
  }
}

/** Opens a stream and keeps it; answers its first message. */
export async function grpcOpen(call: GrpcCall): Promise<GrpcAnswer> {
  const method = METHODS.find((candidate) => nameOf(candidate) === call.method)!;
  const stream = { abort: new AbortController(), open: true };
  const first = Promise.withResolvers<GrpcAnswer>();
  void (async () => {
    try {
      for await (const message of answers(transportOf(call), method, call.request, stream.abort.signal))
        first.resolve({ code: "ok", message: "", response: [message] });
      first.resolve({ code: "ok", message: "", response: [] });
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      first.resolve({ code: Code[code].toLowerCase(), message: rawMessage, response: [] });
    }
    stream.open = false;
  })();
  streams.push(stream);
  return await first.promise;
}

/** How many of the kept streams are still open. */
export async function grpcHeld(): Promise<number> {
  return streams.filter((stream) => stream.open).length;
}

export async function grpcRelease(): Promise<void> {
  for (const stream of streams.splice(0)) stream.abort.abort();
  transports.clear();
}

async function* answers(transport: Transport, method: DescMethod, request: JsonValue = {}, signal: AbortSignal) {
  const input = fromJson(method.input, request);
  if (method.methodKind === "unary") {
    const { message } = await transport.unary(
      method as DescMethod & { methodKind: "unary" },
      signal,
      undefined,
      undefined,
      input,
    );
    yield toJson(method.output, message);
    return;
  }
  const one = (async function* () {
    yield input;
  })();
  const stream = await transport.stream(
    method as DescMethod & { methodKind: "server_streaming" },
    signal,
    undefined,
    undefined,
    one,
  );
  for await (const message of stream.message) yield toJson(method.output, message);
}
