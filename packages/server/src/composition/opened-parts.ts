/** What has been opened and must be closed. */
import type { Log } from "../log.ts";

/** What has been opened, to be closed in reverse order. */
export interface OpenedParts {
  add(close: () => Promise<unknown>): void;
  closeAll(): Promise<void>;
}

export function createOpenedParts(log: Pick<Log, "error">): OpenedParts {
  const parts: (() => Promise<unknown>)[] = [];
  return {
    add: (close) => void parts.push(close),
    async closeAll() {
      for (const close of parts.splice(0).reverse()) await close().catch((error: unknown) => log.error({ err: error }, "closing failed"));
    },
  };
}
