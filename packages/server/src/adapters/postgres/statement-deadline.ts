/** The deadline of a statement, and of each that follows it on the same connection. */
import { storeUnavailable, toStoreError } from "./store-errors.ts";

export interface StatementDeadline {
  /** Waits for the driver until the deadline. @throws RagError `store_unavailable`; or the driver's error when the statement is wrong. */
  within<T>(statement: PromiseLike<T>): Promise<T>;
  /** Nothing runs on the connection any more. */
  end(): void;
}

/**
 * Starts the clock.
 *
 * @param firstMs for what runs first.
 * @param nextMs for each one after that, from the end of the one before.
 * @param onExpiry called once, before the waiting call fails.
 */
export function startStatementDeadline(firstMs: number, nextMs: number, onExpiry: () => void): StatementDeadline {
  const expired = Promise.withResolvers<never>();
  // Nobody may be waiting at the moment it rejects.
  expired.promise.catch(() => {});
  const expire = (): void => {
    onExpiry();
    expired.reject(storeUnavailable("The database did not answer in time."));
  };
  let timer: NodeJS.Timeout | undefined = setTimeout(expire, firstMs);
  return {
    async within(statement) {
      try {
        return await Promise.race([expired.promise, statement]);
      } catch (error) {
        throw toStoreError(error);
      } finally {
        // Undefined after the end: what still trickles in must not start the clock again.
        if (timer !== undefined) {
          clearTimeout(timer);
          timer = setTimeout(expire, nextMs);
        }
      }
    },
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
