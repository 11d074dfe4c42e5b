/** What is told to those whose answer the end of the server cuts short. */
import { RagError } from "@rag-personal/core";

const RETRY_AFTER_SECONDS = 2;

export const serverIsStopping = (): RagError =>
  new RagError("not_ready", "The server is stopping; ask again.", { retryAfterSeconds: RETRY_AFTER_SECONDS });
