// A call of the generated table: its arguments become a request. The path's parameters come first, in their order, or a
// machine in place of its id; then everything else of query, headers and body in one object; then the options.
import type { RequestOptions } from "./request.ts";

export interface Operation {
  readonly method: string;
  /** With parameters in braces: "/v1/machine/{id}". */
  readonly path: string;
  /** Which of the input goes into the query, and which into headers; the rest is the body. */
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  /** The one field of the input that is a file, for a form. */
  readonly form?: string;
  /** The field of the body that the first argument's id fills. */
  readonly fills?: string;
  /** Whether there is an input at all. */
  readonly input?: true;
}

const PARAMETER = /\{(\w+)\}/g;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly options: RequestOptions;
}

/** @throws TypeError for an empty id: it would ask for another thing, the list for instance */
export function requestOf(operation: Operation, args: readonly unknown[]): Request {
  const { method, query = [], headers = [], form, fills } = operation;
  const left = [...args];
  const ids: string[] = [];
  const path = operation.path.replaceAll(PARAMETER, (_, name: string) => {
    ids.push(idOf(left.shift(), name));
    return encodeURIComponent(ids.at(-1)!);
  });
  if (fills && ids.length === 0) ids.push(idOf(left.shift(), fills));
  const input = (operation.input ? (left.shift() ?? {}) : {}) as Readonly<Record<string, unknown>>;
  const { headers: more, ...options } = (left.shift() ?? {}) as RequestOptions;
  const beside = [...query, ...headers, ...(form ? [form] : [])];
  const body = {
    ...Object.fromEntries(Object.entries(input).filter(([name]) => !beside.includes(name))),
    ...(fills ? { [fills]: ids[0] } : {}),
  };
  const picked = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name] as string]])));
  // POST and PUT demand JSON, also where nobody looks at it.
  const hasBody = method === "POST" || method === "PUT" || Object.keys(body).length > 0;
  return {
    method,
    path,
    options: {
      ...options,
      query: picked(query),
      headers: { ...picked(headers), ...more },
      ...(form ? { form: { [form]: input[form] as Blob } } : hasBody ? { body } : {}),
    },
  };
}

function idOf(argument: unknown, name: string): string {
  const id = typeof argument === "object" && argument !== null && "id" in argument ? argument.id : argument;
  if (typeof id !== "string" || id === "") throw new TypeError(`${name} must not be empty`);
  return id;
}
