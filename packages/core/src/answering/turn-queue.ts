/** Turns of one session are appended one after the other: many at once would only get into each other's way. */

export interface TurnQueue {
  /** Runs `append` when all that were handed in before it for the same session have ended, however they did. */
  run<T>(sessionId: string, append: () => Promise<T>): Promise<T>;
}

/** Creates a queue in which nobody waits. It holds within this process; between processes the session's version decides. */
export function createTurnQueue(): TurnQueue {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(sessionId, append) {
      const before = last.get(sessionId) ?? Promise.resolve();
      const own = before.then(append, append);
      last.set(sessionId, own);
      try {
        return await own;
      } finally {
        if (last.get(sessionId) === own) last.delete(sessionId);
      }
    },
  };
}
