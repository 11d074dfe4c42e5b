/** Health: what each component says of itself, and whether the server is ready. */
import { RagError } from "@rag-personal/core";

export interface ComponentReport {
  readonly status: "healthy" | "unhealthy" | "starting";
  /** Which implementation is in use. */
  readonly adapter: string;
  readonly latencyMs: number;
  readonly detail?: string;
}

interface Component {
  readonly adapter: string;
  /** Resolves with a word about the state, or rejects with what is wrong. */
  check(): Promise<string | undefined>;
}

export interface Health {
  /** True from the moment the indexes are loaded until the stop begins. */
  readonly isReady: boolean;
  /** @throws {RagError} `not_ready` with the reason, unless the server is ready. */
  requireReady(): void;
  markReady(): void;
  markUnready(reason: string): void;
  /** Asks every component; one that hangs is unhealthy after `timeoutMs`. */
  report(): Promise<Readonly<Record<string, ComponentReport>>>;
}

export function createHealth({
  components,
  monotonic,
  timeoutMs = 2_000,
}: {
  components: Readonly<Record<string, Component>>;
  monotonic: () => number;
  timeoutMs?: number;
}): Health {
  let notReadyBecause: string | undefined = "The indexes are being loaded.";

  async function ask(component: Component): Promise<ComponentReport> {
    const startedAt = monotonic();
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const detail = await Promise.race([component.check(), timeout]);
      return { status: "healthy", adapter: component.adapter, latencyMs: monotonic() - startedAt, ...(detail === undefined ? {} : { detail }) };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { status: "unhealthy", adapter: component.adapter, latencyMs: monotonic() - startedAt, detail };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    get isReady() {
      return notReadyBecause === undefined;
    },
    requireReady() {
      if (notReadyBecause !== undefined) throw new RagError("not_ready", notReadyBecause, { retryAfterSeconds: 2 });
    },
    markReady() {
      notReadyBecause = undefined;
    },
    markUnready(reason) {
      notReadyBecause = reason;
    },
    async report() {
      const entries = await Promise.all(Object.entries(components).map(async ([name, component]) => [name, await ask(component)] as const));
      return Object.fromEntries(entries);
    },
  };
}
