/** The deadline of a statement, and of each that follows it on the same connection. */
import { isWordOfServer, leavesConnectionWhole, storeUnavailable, toStoreError } from "./store-errors.ts";

export interface StatementDeadline {
  /** Waits for the driver until the deadline. @throws RagError `store_unavailable`; or the driver's error when the statement is wrong. */
  within<T>(statement: PromiseLike<T>): Promise<T>;
  /** Lets the deadline expire now. */
  expire(): void;
  /** Nothing runs on the connection any more. */
  end(): void;
}

/**
 * Starts the clock.
 *
 * @param firstMs for what runs first.
 * @param nextMs for each one after that, from the end of the one before.
 * @param on.onExpiry called once, before the waiting call fails.
 * @param on.onBroken called, before the waiting call fails, when the connection is lost or will be.
 * @param on.onWord called whenever the server has said something, a refusal included.
 */
export function startStatementDeadline(
  firstMs: number,
  nextMs: number,
  { onExpiry, onBroken, onWord }: { readonly onExpiry: () => void; readonly onBroken: () => void; readonly onWord: () => void },
): StatementDeadline {
  const expired = Promise.withResolvers<never>();
  // Nobody may be waiting at the moment it rejects.
  expired.promise.catch(() => {});
  const expire = (): void => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    onExpiry();
    expired.reject(storeUnavailable("The database did not answer in time."));
  };
  let timer: NodeJS.Timeout | undefined = setTimeout(expire, firstMs);
  return {
    async within(statement) {
      try {
        const value = await Promise.race([expired.promise, statement]);
        onWord();
        return value;
      } catch (error) {
        if (isWordOfServer(error)) onWord();
        if (!leavesConnectionWhole(error)) onBroken();
        throw toStoreError(error);
      } finally {
        // Undefined after the end and the expiry: what still trickles in must not start the clock again.
        if (timer !== undefined) {
          clearTimeout(timer);
          timer = setTimeout(expire, nextMs);
        }
      }
    },
    expire,
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
