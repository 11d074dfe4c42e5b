/** The client of one server. */
import { type Admin, createAdmin } from "./admin/admin.ts";
import { type Chat, createChat } from "./chat.ts";
import { createDocuments, type Documents } from "./documents/documents.ts";
import { createFeedback, type GiveFeedback } from "./feedback.ts";
import { createHealth, type ReadHealth } from "./health.ts";
import { withAuthentication } from "./http/authentication.ts";
import { createTransport } from "./http/transport.ts";
import { type ClientOptions, resolveClientOptions } from "./options.ts";
import { createSearch, type Search } from "./search.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createCalls } from "./trpc/calls.ts";

/** Everything that can be asked of one server. It holds no connection and needs no closing. */
export interface Client {
  readonly chat: Chat;
  readonly search: Search;
  readonly sessions: Sessions;
  readonly feedback: GiveFeedback;
  readonly documents: Documents;
  readonly admin: Admin;
  readonly health: ReadHealth;
}

/** Questions and answers alone. */
export type ChatClient = Pick<Client, "chat">;

/**
 * Creates a client. Nothing is sent yet.
 *
 * @throws UsageError naming the option that cannot be.
 *
 * @example
 * ```ts
 * const client = createClient({ baseUrl: "http://127.0.0.1:8000", apiKey, credentials: { username: "admin", password } });
 * const { answer, citations } = await client.chat.ask("How long is the warranty?");
 * const { documents } = await client.admin.stats();
 * console.log(answer, citations.length, documents);
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const settings = resolveClientOptions(options);
  const transport = withAuthentication(createTransport(settings), settings);
  const calls = createCalls(settings, transport);
  return {
    chat: createChat(settings, calls),
    search: createSearch(calls),
    sessions: createSessions(calls),
    feedback: createFeedback(calls),
    documents: createDocuments(settings, transport, calls),
    admin: createAdmin(settings, calls),
    health: createHealth(calls),
  };
}

/**
 * Creates a client that only asks: a bundle with it alone is the smaller by what the others weigh.
 *
 * @throws UsageError naming the option that cannot be.
 *
 * @example
 * ```ts
 * const { chat } = createChatClient({ baseUrl: "http://127.0.0.1:8000", apiKey });
 * console.log(await chat.stream("How long is the warranty?").text());
 * ```
 */
export function createChatClient(options: ClientOptions): ChatClient {
  const settings = resolveClientOptions(options);
  return { chat: createChat(settings, createCalls(settings, withAuthentication(createTransport(settings), settings))) };
}
