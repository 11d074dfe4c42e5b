/** What a failed `fetch` tells about whether the request had left. */
import { ConnectionError } from "../errors/client-errors.ts";

/** Codes of Node's resolver and sockets, and of its fetch, for a connection that was never made. A browser tells none. */
const NEVER_CONNECTED: readonly unknown[] = ["EAI_AGAIN", "ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"];

/** Deeper chains of causes than any host builds, so that a circular one ends too. */
const DEEPEST_CAUSE = 5;

function wasNeverConnected(thrown: unknown): boolean {
  let error: unknown = thrown;
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof error === "object" && error !== null; depth += 1) {
    if (NEVER_CONNECTED.includes(Reflect.get(error, "code"))) return true;
    error = Reflect.get(error, "cause");
  }
  return false;
}

/** @param origin of the server, for the message. */
export function toConnectionError(thrown: unknown, origin: string, requestId?: string): ConnectionError {
  const mayHaveBeenSent = !wasNeverConnected(thrown);
  const message = mayHaveBeenSent
    ? `The connection to ${origin} failed or broke before the whole answer was there.`
    : `No connection to ${origin} could be made. Is the server running, and is baseUrl right?`;
  return new ConnectionError(message, { mayHaveBeenSent, cause: thrown, requestId });
}
