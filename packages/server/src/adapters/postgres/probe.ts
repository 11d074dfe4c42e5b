/** Asks a PostgreSQL whether it is there, over a connection that nothing else runs on. */
import { type Client, createClient, type PostgresAddress } from "./client.ts";
import { startStatementDeadline } from "./statement-deadline.ts";

export interface Probe {
  /** True at the first word of the server, a refusal included; false when none came within so many milliseconds. One at a time. */
  ask(withinMs: number): Promise<boolean>;
  /** Ends the connection, and the question under way. */
  discard(): void;
}

/** The connection is made with the first question and kept for the next ones as long as it answers. */
export function createProbe(server: PostgresAddress): Probe {
  let client: Client | undefined;

  function discard(): void {
    client?.discard();
    client = undefined;
  }

  return {
    async ask(withinMs) {
      client ??= createClient(server, withinMs);
      let hasAnswered = false;
      const deadline = startStatementDeadline(withinMs, withinMs, {
        onExpiry: discard,
        onBroken: discard,
        onWord: () => {
          hasAnswered = true;
        },
      });
      // What was answered does not matter.
      await deadline.within(client.sql`select 1`).catch(() => {});
      deadline.end();
      return hasAnswered;
    },
    discard,
  };
}
