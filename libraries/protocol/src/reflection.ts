// Server reflection: a server tells what services it has and what their messages look like.
import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { ServerReflectionRequest as RequestV1 } from "./gen/grpc/reflection/v1/reflection_pb.ts";
import type { ServerReflectionRequest as RequestV1Alpha } from "./gen/grpc/reflection/v1alpha/reflection_pb.ts";

export { ServerReflection } from "./gen/grpc/reflection/v1/reflection_pb.ts";
export { ServerReflection as ServerReflectionV1Alpha } from "./gen/grpc/reflection/v1alpha/reflection_pb.ts";

/** gRPC's code NOT_FOUND; a refusal is an answer here, and the conversation goes on. */
const NOT_FOUND = 5;

type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

/** Both versions of the reflection service for these services. There are no extensions in proto3. */
export function reflectionOf(services: readonly DescService[]) {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file);
      if (type.kind === "service") for (const { name } of type.methods) symbols.set(`${type.typeName}.${name}`, file);
    }
    file.dependencies.forEach(add);
  };
  for (const service of services) add(service.file);

  const missing = (what: string): Answer => ({
    case: "errorResponse",
    value: { errorCode: NOT_FOUND, errorMessage: `${what.slice(0, 300).toWellFormed()} not found` },
  });
  const fileAnswer = (file: DescFile | undefined, what: string): Answer =>
    file ? { case: "fileDescriptorResponse", value: { fileDescriptorProto: closure(file) } } : missing(what);

  function answer({ messageRequest: request }: RequestV1 | RequestV1Alpha): Answer {
    switch (request.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return fileAnswer(files.get(request.value), request.value);
      case "fileContainingSymbol":
        return fileAnswer(symbols.get(request.value), request.value);
      case "allExtensionNumbersOfType":
        return symbols.has(request.value)
          ? { case: "allExtensionNumbersResponse", value: { baseTypeName: request.value, extensionNumber: [] } }
          : missing(request.value);
      default:
        return missing("the extension");
    }
  }

  return {
    async *serverReflectionInfo<Request extends RequestV1 | RequestV1Alpha>(requests: AsyncIterable<Request>) {
      for await (const request of requests)
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
    },
  };
}

/** A file and all that it imports, what is imported first. */
function closure(file: DescFile, seen = new Set<string>()): Uint8Array[] {
  if (seen.has(file.proto.name)) return [];
  seen.add(file.proto.name);
  const imported = file.dependencies.flatMap((dependency) => closure(dependency, seen));
  return [...imported, toBinary(FileDescriptorProtoSchema, file.proto)];
}
