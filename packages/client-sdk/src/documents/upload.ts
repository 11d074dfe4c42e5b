/** Uploads: a file goes over REST as it is, and a job brings it into the index. */
import { UsageError } from "../errors/client-errors.ts";
import { createCancellation } from "../http/cancellation.ts";
import type { BlobLike, ByteStreamLike } from "../http/fetch-like.ts";
import { readJson } from "../http/result.ts";
import { number, object, string } from "../http/shape.ts";
import type { ApiRequest, Transport } from "../http/transport.ts";
import { createIngestionHandle, type IngestionHandle, type WaitOptions } from "../ingestion/handle.ts";
import type { IngestionJob } from "../ingestion/job.ts";
import { type CallOptions, type ClientSettings, resolveCallOptions } from "../options.ts";
import { type Calls, requireShape } from "../trpc/calls.ts";
import { sendWithProgress, type UploadProgress } from "./upload-progress.ts";

/** Options of an upload. */
export interface UploadOptions extends CallOptions {
  /** Path below `uploads/` on the server, `/` as separator. Default: the name of a `File`. The same path again replaces the document. */
  readonly path?: string | undefined;
  /** Media type. Default: that of a Blob; the server looks at the content in any case. */
  readonly type?: string | undefined;
  /**
   * Called as the bytes leave, and at the end with all of them. In a browser this needs `XMLHttpRequest`, elsewhere a runtime that sends
   * streams; otherwise it is called at the beginning and at the end.
   */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
}

/** What the server has taken, and the job that brings it into the index. */
export interface UploadedDocument {
  readonly documentId: string;
  /** As the server has it, with `uploads/` in front. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly job: IngestionHandle;
  /** Waits until it can be asked about, or until it is known why it cannot: as {@link IngestionHandle.wait}. */
  wait(options?: WaitOptions): Promise<IngestionJob>;
}

/**
 * Uploads a document. A text or a Blob is sent again after a failure that may pass; a stream can be read once alone, and is not.
 *
 * @param content a Blob or File, a stream of bytes, bytes, or a text.
 * @throws InvalidRequestError for a path or a file the server does not take; UsageError without a path; what any call throws.
 *
 * @example
 * ```ts
 * const file = new File(["# Boat\n\nHer boat was called Petrel."], "boat.md", { type: "text/markdown" });
 * const uploaded = await client.documents.upload(file, {
 *   path: "people/boat.md",
 *   onProgress: ({ sentBytes, totalBytes }) => console.log(sentBytes, totalBytes),
 * });
 * const { state, files } = await uploaded.wait({ onEvent: ({ type }) => console.log(type) });
 * console.log(uploaded.path, state, files);
 * ```
 */
export type Upload = (content: BlobLike | ByteStreamLike | Uint8Array | string, options?: UploadOptions) => Promise<UploadedDocument>;

const accepted = object({ documentId: string, path: string, sizeBytes: number, jobId: string });

const isStream = (content: object): content is ByteStreamLike => "getReader" in content;
const nameOf = (content: object): string | undefined => ("name" in content && typeof content.name === "string" ? content.name : undefined);

/** @internal */
export function createUpload(settings: ClientSettings, transport: Transport, calls: Calls): Upload {
  return async (content, options = {}) => {
    const call = resolveCallOptions(options, settings);
    const body = toBody(content);
    const path = options.path ?? nameOf(body);
    if (path === undefined || path === "") throw new UsageError("Give the upload a path, such as reports/2026.md.");
    const stream = isStream(body) ? body : undefined;
    if (stream?.locked === true) throw new UsageError("The stream of the upload is being read by somebody else.");
    const type = options.type ?? ("type" in body && body.type !== "" ? body.type : "application/octet-stream");
    const cancellation = createCancellation({ time: settings.time, timeoutMs: call.timeoutMs, signal: call.signal });
    const request: ApiRequest = {
      operation: "documents.upload",
      path: `/documents?path=${encoded(path)}`,
      headers: { accept: "application/json", "content-type": type },
      repetition: "harmless",
      isRepeatable: stream === undefined,
      ...sendWithProgress(body, options.onProgress, settings.hasOwnFetch),
    };
    try {
      const send = { maxRetries: stream === undefined ? call.maxRetries : 0, headers: call.headers, firstByteTimeoutMs: Number.POSITIVE_INFINITY };
      const response = await transport.send(request, send, cancellation);
      const context = { status: response.response.status, requestId: response.requestId };
      const value = requireShape(accepted, await readJson(response, cancellation, settings.baseUrl), "The answer", context);
      options.onProgress?.({ sentBytes: value.sizeBytes, totalBytes: value.sizeBytes });
      const job = createIngestionHandle(value.jobId, settings, calls);
      return { documentId: value.documentId, path: value.path, sizeBytes: value.sizeBytes, job, wait: (waitOptions) => job.wait(waitOptions) };
    } finally {
      cancellation.dispose();
    }
  };
}

/** @throws UsageError for half a character, which no address can carry. */
function encoded(path: string): string {
  try {
    return encodeURIComponent(path);
  } catch (cause) {
    throw new UsageError("The path of the upload has half a character in it.", { cause });
  }
}

function toBody(content: Parameters<Upload>[0]): BlobLike | ByteStreamLike {
  if (typeof content === "string") return new Blob([content]);
  return ArrayBuffer.isView(content) ? new Blob([new Uint8Array(content)]) : content;
}
