/** A body that ends what makes it when its client leaves, which a worker is told by the request's signal alone. */

/** @param onEnd called once, when the body has ended, however it did, and nothing is left to do for it. */
export function boundToClient(body: ReadableStream<Uint8Array>, signal: AbortSignal, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const leave = (): Promise<void> =>
    reader
      .cancel()
      .catch(() => {})
      .finally(onEnd);
  const onAbort = (): void => void leave();
  const end = (): void => {
    signal.removeEventListener("abort", onAbort);
    onEnd();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        end();
      },
      cancel: leave,
    },
    // Nothing is held here: whoever makes the body is to notice a reader that has stopped.
    { highWaterMark: 0 },
  );
}
