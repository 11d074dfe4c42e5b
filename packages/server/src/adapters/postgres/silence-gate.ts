/** A gate before a server: shut while the server says nothing to anybody, so that nobody waits for it in vain. */

/** The silence is counted in ticks. One that comes late counts once: what held up our own event loop was not the server's silence. */
const TICKS_TO_SHUT = 8;
/** Early, so that most of the time is left for a connection to be made over which the server may answer. */
const TICKS_TO_PROBE = 2;
/** A server that needs longer than so many times the silence for the smallest question is as good as silent. */
const PROBE_LASTS = 2;

export interface SilenceGateOptions {
  /** Milliseconds without a word from the server, while somebody waits for one, after which the gate shuts. */
  readonly silenceMs: number;
  /** Asks the server the smallest question. Resolves with true at its first word, a refusal included; with false when none came in time. */
  readonly probe: (withinMs: number) => Promise<boolean>;
  /** Told of each change, before the calls under way are given up. */
  readonly onChange: (isShut: boolean) => void;
}

export interface SilenceGate {
  readonly isShut: boolean;
  /**
   * A call begins to wait for the server.
   *
   * @param giveUp called when the gate shuts meanwhile.
   * @returns a function to be called when the call ends.
   */
  enter(giveUp: () => void): () => void;
  /** The server has said something, to whomever it was. */
  heard(): void;
  /** A call waited for its whole deadline in vain. */
  suspect(): void;
  /** Ends the watch; the gate stays as it is. */
  close(): void;
}

/**
 * Creates it, open.
 *
 * A statement may take long on a server that lives, so no statement's silence is evidence by itself. After a quarter of `silenceMs` without
 * a word on any connection the server is probed, and the gate shuts when the whole of it has passed without an answer to that either. Until
 * then everybody is admitted: with one long statement on a server that answers nobody is ever refused. Once shut, it is probed on, one
 * probe after the other, and the first word opens the gate.
 */
export function createSilenceGate({ silenceMs, probe, onChange }: SilenceGateOptions): SilenceGate {
  const calls = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let silentTicks = 0;
  let isProbing = false;
  let isShut = false;
  let isClosed = false;

  function watch(): void {
    if (timer !== undefined || isClosed) return;
    silentTicks = 0;
    timer = setInterval(tick, silenceMs / TICKS_TO_SHUT);
  }

  function stopWatching(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function tick(): void {
    silentTicks += 1;
    if (calls.size === 0 && !isProbing && !isShut) {
      stopWatching();
      return;
    }
    if (silentTicks >= TICKS_TO_PROBE) void ask();
    if (silentTicks >= TICKS_TO_SHUT) shut();
  }

  async function ask(): Promise<void> {
    if (isProbing || isClosed) return;
    isProbing = true;
    const hasAnswered = await probe(PROBE_LASTS * silenceMs);
    isProbing = false;
    if (hasAnswered) heard();
  }

  function shut(): void {
    if (isShut) return;
    isShut = true;
    onChange(true);
    for (const giveUp of [...calls]) giveUp();
  }

  function heard(): void {
    silentTicks = 0;
    if (!isShut || isClosed) return;
    isShut = false;
    onChange(false);
  }

  return {
    get isShut() {
      return isShut;
    },
    enter(giveUp) {
      // A function of its own, for the same one may be handed in twice.
      const call = (): void => giveUp();
      calls.add(call);
      watch();
      return () => void calls.delete(call);
    },
    heard,
    suspect() {
      watch();
      silentTicks = Math.max(silentTicks, TICKS_TO_PROBE);
      void ask();
    },
    close() {
      isClosed = true;
      stopWatching();
    },
  };
}
