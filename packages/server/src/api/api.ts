/** Everything that can be asked of the application, once for all transports. */
import type { AppServices } from "../services.ts";
import { createAdministrationProcedures } from "./administration.ts";
import { createApiKeyProcedures } from "./api-keys.ts";
import { createAuthProcedures } from "./auth.ts";
import { createChatProcedures } from "./chat.ts";
import { createConversationProcedures } from "./conversation.ts";
import { createDocumentProcedures } from "./documents.ts";
import { createEmbeddingProcedures } from "./embeddings.ts";
import { createFeedbackProcedures } from "./feedback.ts";
import { createHealthProcedures } from "./health.ts";
import { createIndexProcedures } from "./index-administration.ts";
import { createIngestionProcedures } from "./ingestion.ts";
import { createSearchProcedures } from "./search.ts";
import { createSessionProcedures } from "./sessions.ts";
import { createUserProcedures } from "./users.ts";

export type Api = ReturnType<typeof createApi>;

export function createApi(services: AppServices) {
  return {
    health: createHealthProcedures(services),
    auth: createAuthProcedures(services),
    chat: createChatProcedures(services),
    conversation: createConversationProcedures(services),
    search: createSearchProcedures(services),
    embeddings: createEmbeddingProcedures(services),
    sessions: createSessionProcedures(services),
    feedback: createFeedbackProcedures(services),
    documents: createDocumentProcedures(services),
    ingestion: createIngestionProcedures(services),
    administration: createAdministrationProcedures(services),
    index: createIndexProcedures(services),
    apiKeys: createApiKeyProcedures(services),
    users: createUserProcedures(services),
  };
}
