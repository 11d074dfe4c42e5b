/** Of the routes for operators: figures, the index, the doctor. */
import type { RouteDescriptions } from "../openapi/route-description.ts";

const LIVE = { generation: 2, embedderId: "e5-small fp32", dimensions: 384 };
const SEARCH = { documents: 20, chunks: 85, terms: 1_065, termSpace: 1_065, dimensions: 85, generation: 3 };
const VECTORS = { state: "serving", live: LIVE, previous: 1, chunks: 85, missing: 0 };
const STARTED = "2026-01-01T09:00:00.000Z";

const WITHOUT_VECTORS = { search: SEARCH, vectors: null, reindex: null };
const WITH_VECTORS = {
  search: SEARCH,
  vectors: VECTORS,
  reindex: { state: "succeeded", startedAt: STARTED, finishedAt: "2026-01-01T09:00:04.000Z", error: null },
};
const BUILDING = {
  search: SEARCH,
  vectors: { state: "serving", live: { ...LIVE, generation: 1 }, building: { generation: 2, done: 0, total: 85 }, chunks: 85, missing: 0 },
  reindex: { state: "running", startedAt: STARTED, finishedAt: null, error: null },
};

const RECORD = { documents: 20, chunks: 85 };
const EXAMINED = ["search index", "vectors", "collections", "embeddings"];
const MISSING = { store: "vectors", kind: "missing", count: 2, examples: ["doc_bdb0d03c10d7c85505ba9744.61163562.0"] };

export const ADMINISTRATION: RouteDescriptions = {
  "GET /admin/stats": {
    operationId: "getStatistics",
    tag: "Administration",
    summary: "See the figures",
    description: "What is stored, what was thought of the answers, and who gives them.",
    success: "The figures.",
    responses: {
      figures: {
        summary: "The figures",
        value: {
          documents: 20,
          chunks: 85,
          terms: 1_065,
          semanticDimensions: 85,
          indexGeneration: 3,
          feedback: { up: 4, down: 1 },
          answeredBy: "extractive",
          uptimeSeconds: 86_400,
        },
      },
    },
  },
  "POST /admin/backup": {
    operationId: "takeBackup",
    tag: "Administration",
    summary: "Take a backup",
    description: `Of the record as it stands now, and of sessions in Redis, as one set in the server's \`BACKUP_DIR\`, which is read back before it counts. Then it is
copied off the machine and old sets are removed, as the settings say. The embedded database serves nobody else while its record is read. 409 while another one is taken;
503 when there is no room for it, it cannot be written, or the Redis that has the sessions is away: sets that are there stay.`,
    parameters: { withoutSessions: { description: "Leaves out sessions that are in Redis, as while it is away.", example: false } },
    success: "It is taken.",
    responses: {
      taken: {
        summary: "A set",
        value: {
          name: "2026-11-24T03-00-00Z",
          path: "/backups/2026-11-24T03-00-00Z",
          snapshotAt: "2026-11-24T03:00:00.412Z",
          sizeBytes: 14_213_870,
          durationSeconds: 2.4,
          recordSeconds: 1.6,
          rows: 120_431,
          sessions: 10_240,
          encryption: "none",
          isOpened: true,
          isCopied: null,
          removed: ["2026-11-16T03-00-00Z"],
          problems: [],
        },
      },
    },
    errors: ["conflict", "store_unavailable"],
  },
  "POST /admin/breaker/reset": {
    operationId: "resetBreaker",
    tag: "Administration",
    summary: "Close the circuit in front of the language model",
    description: "The next question is sent to the language model again, whatever failed before.",
    success: "The state now.",
    responses: { closed: { summary: "Closed", value: { state: "CLOSED" } } },
  },
  "POST /admin/cache/clear": {
    operationId: "clearCache",
    tag: "Administration",
    summary: "Forget all cached answers",
    description: "In this server and in Redis; sessions and budgets stay. Other servers may answer from their own memory for ten minutes more.",
    success: "How many were forgotten.",
    responses: { cleared: { summary: "Twelve answers", value: { cleared: 12 } } },
  },
  "GET /admin/index": {
    operationId: "describeIndex",
    tag: "Index",
    summary: "See how the index and the vectors stand",
    description: "Vectors are kept where `CHROMA_URL` or `EMBEDDING_MODEL` is set.",
    success: "How they stand.",
    responses: {
      withVectors: { summary: "With vectors", value: WITH_VECTORS },
      withoutVectors: { summary: "Without", value: WITHOUT_VECTORS },
    },
  },
  "POST /admin/index/reindex": {
    operationId: "reindex",
    tag: "Index",
    summary: "Build the vectors anew",
    description: `The next generation is filled from the record, embedding nothing that was embedded before, and takes over in one step when it is whole; no question fails
meanwhile. The one before stays until the next reindex or until it is dropped. 409 where there are no vectors, or some are being built.`,
    success: "It has begun; `GET /admin/index` tells how far it is.",
    responses: { begun: { summary: "Begun", value: BUILDING } },
    headers: { Location: { description: "Where it can be followed.", example: "/admin/index" } },
    errors: ["conflict"],
  },
  "POST /admin/index/switch-back": {
    operationId: "switchBack",
    tag: "Index",
    summary: "Go back to the previous generation of vectors",
    description: "If the model that made it is configured. 409 where there is none, or the model is another one.",
    success: "The generation that answers now.",
    responses: { live: { summary: "The first generation again", value: { live: { ...LIVE, generation: 1 } } } },
    errors: ["conflict", "not_ready"],
  },
  "DELETE /admin/index/previous": {
    operationId: "dropPreviousGeneration",
    tag: "Index",
    summary: "Remove the previous generation of vectors",
    description: "It can no longer be gone back to.",
    success: "It is removed.",
    errors: ["not_found", "conflict"],
  },
  "GET /admin/doctor": {
    operationId: "examineStores",
    tag: "Index",
    summary: "Compare all stores with the record",
    description: "PostgreSQL is the record. Tells where another store has less or more than it, cannot be reached, or was made with another model.",
    success: "What differs.",
    responses: {
      missing: { summary: "Two vectors are missing", value: { record: RECORD, examined: EXAMINED, findings: [MISSING], repaired: [] } },
      well: { summary: "All is well", value: { record: RECORD, examined: EXAMINED, findings: [], repaired: [] } },
    },
  },
  "POST /admin/doctor/repair": {
    operationId: "repairStores",
    tag: "Index",
    summary: "Bring all stores to the record",
    description: "Compares as `GET /admin/doctor` does, and mends what differs.",
    success: "What was found, and what is left.",
    responses: { mended: { summary: "Two vectors were missing", value: { record: RECORD, examined: EXAMINED, findings: [], repaired: [MISSING] } } },
  },
  "GET /admin/snapshot": {
    operationId: "getSnapshot",
    tag: "Index",
    summary: "Take all that answers rest on, as one file",
    description:
      "Documents, their chunks and the learnt space, gzipped, with a version and a checksum: for workers at the edge, which have no database.",
    success: "The file.",
    texts: { "application/octet-stream": "gzipped bytes" },
    headers: { "Cache-Control": { description: "It is not to be kept.", example: "no-store" } },
    // A document that is replaced while the file is made.
    errors: ["conflict"],
  },
};
