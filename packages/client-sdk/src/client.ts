/** The client of one server. */
import { type Chat, createChat } from "./chat.ts";
import { withAuthentication } from "./http/authentication.ts";
import { createTransport } from "./http/transport.ts";
import { type ClientOptions, resolveClientOptions } from "./options.ts";
import { createCalls } from "./trpc/calls.ts";

/** Everything that can be asked of one server. It holds no connection and needs no closing. */
export interface Client {
  readonly chat: Chat;
}

/**
 * Creates a client. Nothing is sent yet.
 *
 * @throws UsageError naming the option that cannot be.
 *
 * @example
 * ```ts
 * const client = createClient({ baseUrl: "http://127.0.0.1:8000", apiKey });
 * const { answer, citations } = await client.chat.ask("How long is the warranty?");
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const settings = resolveClientOptions(options);
  const calls = createCalls(settings, withAuthentication(createTransport(settings), settings));
  return { chat: createChat(settings, calls) };
}
