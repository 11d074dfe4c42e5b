/** What has been opened and must be closed. */
import type { Log } from "../log.ts";

/** What has been opened, to be closed in reverse order. */
export interface OpenedParts {
  /** What is opened while everything is being closed, or after it, is closed at once. */
  add(close: () => Promise<unknown>): void;
  closeAll(): Promise<void>;
}

export function createOpenedParts(log: Pick<Log, "error">): OpenedParts {
  const parts: (() => Promise<unknown>)[] = [];
  let isClosing = false;

  async function closeOne(close: () => Promise<unknown>): Promise<void> {
    await close().catch((error: unknown) => log.error({ err: error }, "closing failed"));
  }

  return {
    add(close) {
      if (isClosing) void closeOne(close);
      else parts.push(close);
    },
    async closeAll() {
      isClosing = true;
      for (const close of parts.splice(0).reverse()) await closeOne(close);
    },
  };
}
