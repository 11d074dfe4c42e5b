/** The tRPC router: the same procedures as every other transport, under the names that the client uses. */
import type { Api } from "../api/api.ts";
import { mutation, query, router, subscription, upload } from "./procedures.ts";

export type AppRouter = ReturnType<typeof createAppRouter>;

export function createAppRouter(api: Api) {
  return router({
    health: query(api.health.detailed),
    auth: router({
      login: mutation(api.auth.login),
      changePassword: mutation(api.auth.changePassword),
    }),
    chat: router({
      ask: mutation(api.chat.ask),
      stream: subscription(api.chat.stream),
      feedback: mutation(api.feedback.write),
    }),
    search: query(api.search.run),
    sessions: router({
      list: query(api.sessions.list),
      get: query(api.sessions.get),
      delete: mutation(api.sessions.delete),
    }),
    documents: router({
      list: query(api.documents.list),
      get: query(api.documents.get),
      upload: upload(api.documents.upload),
      delete: mutation(api.documents.delete),
    }),
    admin: router({
      stats: query(api.administration.statistics),
      backup: mutation(api.administration.takeBackup),
      ingest: mutation(api.ingestion.start),
      ingestStatus: query(api.ingestion.get),
      ingestEvents: subscription(api.ingestion.events),
      users: router({
        list: query(api.users.list),
        create: mutation(api.users.create),
        disable: mutation(api.users.disable),
      }),
      apiKeys: router({
        list: query(api.apiKeys.list),
        create: mutation(api.apiKeys.create),
        revoke: mutation(api.apiKeys.revoke),
      }),
      breaker: router({ reset: mutation(api.administration.resetBreaker) }),
      cache: router({ clear: mutation(api.administration.clearCache) }),
      index: query(api.index.describe),
      reindex: mutation(api.index.reindex),
      switchBack: mutation(api.index.switchBack),
      dropPrevious: mutation(api.index.dropPrevious),
      doctor: router({
        examine: query(api.index.examine),
        repair: mutation(api.index.repair),
      }),
    }),
  });
}
