/** Hears of changes in the record as they are committed, over a connection of its own. It wakes up; the log of changes is the truth. */
import type { Clock, Timers } from "@rag-personal/core";
import { type Client, createClient, type PostgresAddress } from "./client.ts";
import { startStatementDeadline } from "./statement-deadline.ts";

export interface ChangeListener {
  /** Changes are heard; false while the server is away, or behind a pool that does not pass them on. */
  isListening(): boolean;
  stop(): void;
}

/** How often a lost connection is looked for; one that nobody has closed, as behind a gateway that forgot it, is found in the same way. */
const CHECK_MS = 5_000;

/** @param onChange called for each change, also for those of this server, and once after each time that listening has begun. */
export function listenToChanges({
  server,
  timeoutMs,
  timers,
  clock,
  onChange,
}: {
  readonly server: PostgresAddress;
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "monotonic">;
  readonly onChange: () => void;
}): ChangeListener {
  let client: Client | undefined;
  let lossesBefore = 0;
  let isListening = false;
  let isStopped = false;
  let cancelCheck: (() => void) | undefined;

  function discard(): void {
    isListening = false;
    client?.discard();
    client = undefined;
  }

  /** Listening twice on one connection is listening once, so this is also the question whether it is still there. */
  async function listen(): Promise<void> {
    if (client !== undefined && client.losses !== lossesBefore) discard();
    const isNew = client === undefined;
    const deadline = startStatementDeadline(timeoutMs, timeoutMs, { onExpiry: discard, onBroken: discard, onWord: () => {} });
    try {
      // An address that is none is told of by whoever asks the database next.
      client ??= createClient(server, timeoutMs, { onNotification: onChange });
      const current = client;
      lossesBefore = current.losses;
      // The channel of `CHANGES_CHANNEL`: a name cannot be a parameter.
      await deadline.within(current.sql`listen rag_index_changes`);
      if (isStopped) return;
      isListening = true;
      if (isNew) onChange();
    } catch {
      discard();
    } finally {
      deadline.end();
    }
  }

  async function keepListening(): Promise<void> {
    const startedAtMs = clock.monotonic();
    await listen();
    if (isStopped) discard();
    else cancelCheck = timers.set(Math.max(0, CHECK_MS - (clock.monotonic() - startedAtMs)), () => void keepListening());
  }

  void keepListening();
  return {
    isListening: () => isListening,
    stop() {
      isStopped = true;
      cancelCheck?.();
      discard();
    },
  };
}
