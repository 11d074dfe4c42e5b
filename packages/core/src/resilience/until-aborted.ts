/** Waiting that ends with the one who waits. */

/**
 * The result, or the signal's reason if that comes first. What is waited for goes on.
 *
 * @throws the reason of `signal`, or what `result` rejects with.
 */
export async function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([result, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
