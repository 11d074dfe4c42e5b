/** What has been opened and must be closed. */
import type { Logger } from "pino";

/** What has been opened, to be closed in reverse order. */
export interface OpenedParts {
  add(close: () => Promise<unknown>): void;
  closeAll(): Promise<void>;
}

export function createOpenedParts(log: Logger): OpenedParts {
  const parts: (() => Promise<unknown>)[] = [];
  return {
    add: (close) => void parts.push(close),
    async closeAll() {
      for (const close of parts.splice(0).reverse()) await close().catch((error: unknown) => log.error({ err: error }, "closing failed"));
    },
  };
}
