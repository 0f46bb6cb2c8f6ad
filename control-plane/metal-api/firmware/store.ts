// The bucket of firmware files. The S3 client is big, so it is loaded with the first call of who has a bucket.
import type { S3Client } from "@aws-sdk/client-s3";
import { ApiError, internal } from "../errors.ts";
import type { FirmwareStoreSettings } from "./settings.ts";

/** S3 wants parts of 5 MiB at least, and 10 000 of them at most. So much of a file is in memory at a time. */
const PART_BYTES = 8 * 1024 * 1024;
/** The largest BMC images known are 256 MiB. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
/** How long the link of a command opens its file (reference/machine-lifecycle.md 2.13). */
const LINK_SECONDS = 2 * 60 * 60;
/** The client wants a region; only Amazon's own servers look at it. */
const REGION = "us-east-1";
/** The first try and three more. */
const ATTEMPTS = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;

export class FirmwareStore {
  readonly #settings: FirmwareStoreSettings;
  #client: Promise<{ s3: typeof import("@aws-sdk/client-s3"); client: S3Client }> | undefined;

  constructor(settings: FirmwareStoreSettings) {
    this.#settings = settings;
  }

  /** Throws 500 when the store does not do it, 413 beyond 1 GiB. A file of this key is replaced, but only by a whole one. */
  async upload(key: string, content: AsyncIterable<Buffer>): Promise<void> {
    const parts = inParts(content);
    const first = await parts.next();
    const { s3, client } = await this.#connected();
    const target = { Bucket: this.#settings.bucket, Key: key };
    const { value: body = Buffer.alloc(0) } = first;
    if (first.done || body.length < PART_BYTES) {
      await answered(client.send(new s3.PutObjectCommand({ ...target, Body: body })));
      return;
    }
    const { UploadId } = await answered(client.send(new s3.CreateMultipartUploadCommand(target)));
    try {
      const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let part: Buffer | undefined = body; part; part = (await parts.next()).value) {
        const PartNumber = Parts.length + 1;
        const { ETag } = await answered(
          client.send(new s3.UploadPartCommand({ ...target, UploadId, PartNumber, Body: part })),
        );
        Parts.push({ PartNumber, ETag });
      }
      const done = new s3.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } });
      await answered(client.send(done));
    } catch (error) {
      // Parts of an upload that never ends are kept, and paid, for ever.
      await client.send(new s3.AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  /** Harmless when there is no such file. */
  async remove(key: string): Promise<void> {
    const { s3, client } = await this.#connected();
    await answered(client.send(new s3.DeleteObjectCommand({ Bucket: this.#settings.bucket, Key: key })));
  }

  async keys(prefix: string): Promise<string[]> {
    const { s3, client } = await this.#connected();
    const keys: string[] = [];
    let from: string | undefined;
    do {
      const input = { Bucket: this.#settings.bucket, Prefix: prefix, ...(from && { ContinuationToken: from }) };
      const page = await answered(client.send(new s3.ListObjectsV2Command(input)));
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
      from = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (from !== undefined);
    return keys;
  }

  /** A URL that opens the file to whoever has it, for two hours. */
  async link(key: string): Promise<string> {
    const { s3, client } = await this.#connected();
    const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
    const command = new s3.GetObjectCommand({ Bucket: this.#settings.bucket, Key: key });
    return getSignedUrl(client, command, { expiresIn: LINK_SECONDS });
  }

  async close(): Promise<void> {
    (await this.#client)?.client.destroy();
  }

  #connected() {
    return (this.#client ??= this.#connect());
  }

  async #connect() {
    const { address, key, secret } = this.#settings;
    const s3 = await import("@aws-sdk/client-s3");
    const client = new s3.S3Client({
      endpoint: address,
      region: REGION,
      forcePathStyle: true,
      credentials: { accessKeyId: key, secretAccessKey: secret.reveal() },
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      // Checksums in trailers are Amazon's; other servers take them for content.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
    return { s3, client };
  }
}

/** The content in parts of PART_BYTES; the last is smaller. Throws 413. */
async function* inParts(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let held: Buffer[] = [];
  let length = 0;
  let total = 0;
  for await (const chunk of content) {
    total += chunk.length;
    if (total > MAX_FILE_BYTES)
      throw new ApiError(413, `the file is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB, no firmware is`);
    held.push(chunk);
    length += chunk.length;
    while (length >= PART_BYTES) {
      const all = Buffer.concat(held);
      yield all.subarray(0, PART_BYTES);
      held = [all.subarray(PART_BYTES)];
      length -= PART_BYTES;
    }
  }
  if (length > 0) yield Buffer.concat(held);
  return undefined;
}

/** What the store answers. Throws 500 with its own words. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    throw internal(`the firmware store says ${name}: ${message}; look at METAL_API_S3_… and at the store itself`);
  }
}
