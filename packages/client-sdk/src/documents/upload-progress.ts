/** Sends a body so that it can be told how far it is, by whatever means the runtime has. */
import type { BlobLike, BodyReader, ByteStreamLike, FetchInit, FetchLike, FetchResponse } from "../http/fetch-like.ts";
import type { ApiRequest } from "../http/transport.ts";

/** How far an upload is. */
export interface UploadProgress {
  /** Handed to the connection so far; an attempt that is made anew begins at 0 again. */
  readonly sentBytes: number;
  /** Undefined for a stream, whose length nobody knows before its end. */
  readonly totalBytes: number | undefined;
}

type OnProgress = (progress: UploadProgress) => void;

const hasRequestStreams = (): boolean => {
  let isAsked = false;
  try {
    // A runtime that sends no streams does not look at `duplex`, and takes the stream for a text.
    const init = {
      method: "POST",
      body: new ReadableStream(),
      get duplex() {
        isAsked = true;
        return "half";
      },
    };
    return !new Request("http://localhost", init).headers.has("content-type") && isAsked;
  } catch {
    return false;
  }
};

const isStream = (body: BlobLike | ByteStreamLike): body is ByteStreamLike => "getReader" in body;

/** Bytes handed on at once: a large Blob may come in one piece, and its progress would be none. */
const PIECE_BYTES = 65_536;

/** The same bytes, counted as they are taken. */
function counted(source: ReadableStream<Uint8Array>, totalBytes: number | undefined, onProgress: OnProgress): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let left: Uint8Array = new Uint8Array(0);
  let sentBytes = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        while (left.byteLength === 0) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          left = value;
        }
        const piece = left.subarray(0, PIECE_BYTES);
        left = left.subarray(PIECE_BYTES);
        sentBytes += piece.byteLength;
        controller.enqueue(piece);
        onProgress({ sentBytes, totalBytes });
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/**
 * How to send this body.
 *
 * @param hasOwnFetch whether the caller has given a `fetch`: it is used then, whatever the runtime has besides.
 */
export function sendWithProgress(
  body: BlobLike | ByteStreamLike,
  onProgress: OnProgress | undefined,
  hasOwnFetch: boolean,
): Pick<ApiRequest, "body" | "fetch"> {
  if (isStream(body)) {
    return { body: () => ({ body: onProgress === undefined ? body : counted(body, undefined, onProgress), duplex: "half" }) };
  }
  if (onProgress === undefined) return { body: () => ({ body }) };
  const totalBytes = body.size;
  if (!hasOwnFetch && "XMLHttpRequest" in globalThis) return { body: () => ({ body }), fetch: createXhrFetch(onProgress) };
  return {
    body: () => {
      onProgress({ sentBytes: 0, totalBytes });
      return hasRequestStreams() ? { body: counted(body.stream(), totalBytes, onProgress), duplex: "half" } : { body };
    },
  };
}

/** A fetch for bodies whose way up is of interest. It cannot refuse to follow a redirect, and tells of one afterwards as of an opaque one. */
function createXhrFetch(onProgress: OnProgress): FetchLike {
  return (url, init) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(init.method, url);
      for (const [name, value] of Object.entries(init.headers)) request.setRequestHeader(name, value);
      request.responseType = "arraybuffer";
      request.upload.onprogress = ({ loaded, total }) => onProgress({ sentBytes: loaded, totalBytes: total });
      request.onload = () => resolve(responseOf(request, url));
      request.onerror = () => reject(new TypeError("The request failed."));
      const abort = (): void => {
        request.abort();
        reject(init.signal.reason);
      };
      if (init.signal.aborted) return abort();
      init.signal.addEventListener("abort", abort, { once: true });
      onProgress({ sentBytes: 0, totalBytes: sizeOf(init.body) });
      request.send(typeof init.body === "string" || init.body instanceof Blob ? init.body : null);
    });
}

const sizeOf = (body: FetchInit["body"]): number | undefined => (body instanceof Blob ? body.size : undefined);

function responseOf(request: XMLHttpRequest, url: string): FetchResponse {
  const response: unknown = request.response;
  const parts = response instanceof ArrayBuffer ? [new Uint8Array(response)] : [];
  const reader: BodyReader = {
    async read() {
      const value = parts.shift();
      return { done: value === undefined, value };
    },
    async cancel() {},
  };
  return {
    // As the address parser writes it, for both to be written alike.
    status: request.responseURL === new URL(url).href ? request.status : 0,
    headers: { get: (name) => request.getResponseHeader(name) },
    body: { getReader: () => reader },
  };
}
