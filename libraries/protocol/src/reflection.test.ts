// A tool that knows nothing asks for everything, and can then read the services' own messages.
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { health, masterdata, reflection } from "./index.ts";

const { serverReflectionInfo } = reflection.reflectionOf([masterdata.ProjectService, health.Health]);
type Request = Parameters<typeof serverReflectionInfo>[0] extends AsyncIterable<infer R> ? R : never;

async function ask(...questions: readonly Request["messageRequest"][]) {
  async function* requests() {
    for (const messageRequest of questions) yield { host: "here", messageRequest } as Request;
  }
  const answers = [];
  for await (const answer of serverReflectionInfo(requests())) answers.push(answer);
  return answers;
}

test("it lists the services, and gives every file that is needed to read one", async () => {
  const [list, files, method] = await ask(
    { case: "listServices", value: "" },
    { case: "fileContainingSymbol", value: masterdata.ProjectService.typeName },
    { case: "fileContainingSymbol", value: `${masterdata.ProjectService.typeName}.Get` },
  );
  expect(list!.messageResponse.value).toEqual({
    service: [{ name: masterdata.ProjectService.typeName }, { name: "grpc.health.v1.Health" }],
  });
  expect(files!.validHost).toBe("here");
  expect(method!.messageResponse.case).toBe("fileDescriptorResponse");
  const { fileDescriptorProto } = method!.messageResponse.value as { fileDescriptorProto: Uint8Array[] };
  const file = fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  const project = registry.getMessage(masterdata.ProjectSchema.typeName)!;
  expect(project.fields.map(({ name }) => name)).toEqual(masterdata.ProjectSchema.fields.map(({ name }) => name));
});

test("what is not there is said, and the conversation goes on", async () => {
  const answers = await ask(
    { case: "fileByFilename", value: "nothing.proto" },
    { case: "fileContainingSymbol", value: `x${"y".repeat(10_000)}\ud800` },
    { case: undefined },
    { case: "allExtensionNumbersOfType", value: masterdata.ProjectSchema.typeName },
    { case: "fileByFilename", value: "google/protobuf/timestamp.proto" },
  );
  expect(answers.map(({ messageResponse }) => messageResponse.case)).toEqual([
    "errorResponse",
    "errorResponse",
    "errorResponse",
    "allExtensionNumbersResponse",
    "fileDescriptorResponse",
  ]);
  const { errorCode, errorMessage } = answers[1]!.messageResponse.value as { errorCode: number; errorMessage: string };
  expect(errorCode).toBe(5);
  expect(errorMessage.length).toBeLessThan(400);
});
