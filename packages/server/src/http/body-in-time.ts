/** The body of an answer that is cut when nobody takes it. */
import type { RequestCaller } from "./caller.ts";
import { readInTime } from "./read-in-time.ts";

/** Whoever takes so much in time goes on; a slow line may take long for all of a large document. */
const PIECE_BYTES = 65_536;

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

/** @param timeoutMs how long a piece of 64 KiB may stay unread before the connection is ended. */
export function bodyInTime(body: ReadableStream<Uint8Array>, caller: RequestCaller, timeoutMs: number): ReadableStream<Uint8Array> {
  const pieces = readInTime(piecesOf(body), { timeoutMs, cut: () => void caller.cut(), stopping: undefined });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await pieces.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => void (await pieces.return()),
    },
    { highWaterMark: 0 },
  );
}
