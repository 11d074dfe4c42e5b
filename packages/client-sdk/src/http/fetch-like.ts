/** The part of `fetch` this package uses, as types of its own: they need neither the DOM's nor Node's declarations. */

/** Said once, for runtimes whose types have no AbortSignal; where they have one, it is that one. */
export type AbortSignalLike = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : {
      readonly aborted: boolean;
      readonly reason?: unknown;
      addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
      removeEventListener(type: "abort", listener: () => void): void;
    };

/** The runtime's Blob, and so its File. */
export type BlobLike = typeof globalThis extends { Blob: { prototype: infer Host } } ? Host : { readonly size: number; readonly type: string };

/** The runtime's ReadableStream, of bytes. */
export type ByteStreamLike = typeof globalThis extends { ReadableStream: { prototype: infer Host } } ? Host : { getReader(): BodyReader };

/** What is handed to `fetch` besides the address. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string | BlobLike | ByteStreamLike;
  /** Given with a stream as body: it is sent while it is read. */
  duplex?: "half";
  signal: AbortSignalLike;
  redirect: "manual";
}

/** What is read of the response. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): BodyReader } | null;
}

/** Hands out a body part by part. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** `globalThis.fetch`, or anything that behaves like it. It must heed the signal. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;
