/** Health: what each component says of itself, and whether the server is ready. */
import { RagError } from "@rag-personal/core";

export interface ComponentReport {
  readonly status: "healthy" | "unhealthy" | "starting";
  /** Which implementation is in use. */
  readonly adapter: string;
  readonly latencyMs: number;
  readonly detail?: string;
}

export interface Component {
  readonly adapter: string;
  /** Resolves with a word about the state, or rejects with what is wrong. */
  check(): Promise<string | undefined>;
}

export interface Health {
  /** True from the moment the indexes are loaded until the stop begins. */
  readonly isReady: boolean;
  /** Resolves when the indexes are loaded. */
  readonly loaded: Promise<void>;
  /** @throws {RagError} `not_ready` with the reason, unless the server is ready; by the promise where it first has to become so. */
  requireReady(): void | Promise<void>;
  /** Like `requireReady`, but a stopping server still answers what has reached it. @throws {RagError} `not_ready` */
  requireLoaded(): void;
  markReady(): void;
  /** Unready from now on, whatever is marked later. */
  markStopping(): void;
  /** Asks every component; one that hangs is unhealthy after `timeoutMs`. */
  report(): Promise<Readonly<Record<string, ComponentReport>>>;
}

const NOT_LOADED = "The indexes are being loaded.";

export function createHealth({
  components,
  monotonic,
  timeoutMs = 2_000,
}: {
  components: Readonly<Record<string, Component>>;
  monotonic: () => number;
  timeoutMs?: number;
}): Health {
  let notReadyBecause: string | undefined = NOT_LOADED;
  let isLoaded = false;
  let isStopping = false;
  const loaded = Promise.withResolvers<void>();

  const elapsedMs = (since: number): number => Math.round((monotonic() - since) * 10) / 10;

  async function ask(component: Component): Promise<ComponentReport> {
    const startedAt = monotonic();
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const detail = await Promise.race([component.check(), timeout]);
      return { status: "healthy", adapter: component.adapter, latencyMs: elapsedMs(startedAt), ...(detail === undefined ? {} : { detail }) };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { status: "unhealthy", adapter: component.adapter, latencyMs: elapsedMs(startedAt), detail };
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
    loaded: loaded.promise,
    requireLoaded() {
      if (!isLoaded) throw new RagError("not_ready", notReadyBecause ?? NOT_LOADED, { retryAfterSeconds: 2 });
    },
    markReady() {
      isLoaded = true;
      loaded.resolve();
      if (!isStopping) notReadyBecause = undefined;
    },
    markStopping() {
      isStopping = true;
      notReadyBecause = "The server is stopping.";
    },
    async report() {
      const entries = await Promise.all(Object.entries(components).map(async ([name, component]) => [name, await ask(component)] as const));
      return Object.fromEntries(entries);
    },
  };
}
