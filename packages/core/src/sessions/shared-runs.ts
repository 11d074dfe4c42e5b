/** Work that many want done at about the same time and that need be done once for all of them. */

/**
 * Returns `run` for callers who may share it by `key`. Whoever calls while it runs waits for one more run, which begins after that one
 * and is shared by all who wait: each caller's run begins after the call.
 */
export function shareRuns<T>(): (key: string, run: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  const next = new Map<string, Promise<T>>();

  function start(key: string, run: () => Promise<T>): Promise<T> {
    const started = run().finally(() => {
      if (running.get(key) === started) running.delete(key);
    });
    running.set(key, started);
    return started;
  }

  return (key, run) => {
    const current = running.get(key);
    if (current === undefined) return start(key, run);
    const waiting = next.get(key);
    if (waiting !== undefined) return waiting;
    const begin = (): Promise<T> => {
      next.delete(key);
      return start(key, run);
    };
    const shared = current.then(begin, begin);
    next.set(key, shared);
    return shared;
  };
}
