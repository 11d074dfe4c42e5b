/** Of the routes for documents and their ingestion. */
import type { RouteDescriptions } from "../openapi/route-description.ts";
import { CONTENT_HASH, DOCUMENT_ID, JOB_ID, TOWER } from "./example-values.ts";

const RUNNING = {
  id: JOB_ID,
  state: "running",
  startedAt: "2026-01-01T09:00:00.000Z",
  finishedAt: null,
  progress: { done: 0, total: 0 },
  counts: { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 },
  files: [],
  error: null,
};

const ADDED = { path: "handbook/tides.md", outcome: "added", chunks: 3 };

const SUCCEEDED = {
  ...RUNNING,
  state: "succeeded",
  finishedAt: "2026-01-01T09:00:01.000Z",
  progress: { done: 21, total: 21 },
  counts: { added: 1, changed: 0, removed: 0, unchanged: 20, failed: 0 },
  files: [ADDED],
};

const { files: _, ...ENDED } = SUCCEEDED;

/** Stands for the time and the id of the last job of a page. */
const JOB_CURSOR = "MTc2NzI1ODAwMDAwMCA2MGEzNTAzYy0zNTgxLTRiNGYtOTlkNy04NDA0ZGU3ZmI2Yjg";

const STORED = {
  id: DOCUMENT_ID,
  path: TOWER.path,
  title: TOWER.title,
  format: "markdown",
  contentHash: CONTENT_HASH,
  sourceHash: CONTENT_HASH,
  sizeBytes: 2_027,
  updatedAt: "2026-01-01T09:00:00.000Z",
};

/** Stands for the path of the last document of a page. */
const CURSOR = "YXJjaGl2ZS9idWlsZGluZy10aGUtdG93ZXIubWQ";

const DOCUMENT = { id: { description: "Of the document; `GET /documents` lists them.", example: DOCUMENT_ID } };

export const INGESTION: RouteDescriptions = {
  "POST /ingest": {
    operationId: "startIngestion",
    tag: "Ingestion",
    summary: "Read the documents folder again",
    description:
      "While a job of this kind runs, the same job is returned and no second one starts; while one runs that goes through uploads alone, the job that follows it.",
    success: "The job, which goes on beside.",
    responses: { running: { summary: "A job that has begun", value: RUNNING } },
    headers: { Location: { description: "Where the job can be followed.", example: `/ingest/${JOB_ID}` } },
  },
  "GET /ingest": {
    operationId: "listIngestions",
    tag: "Ingestion",
    summary: "List the jobs",
    description: "The last begun first, without what became of single files. The server keeps those that run and the last 100 that ended.",
    parameters: {
      limit: { description: "Jobs in a page.", example: 10 },
      cursor: { description: "`nextCursor` of the page before.", example: JOB_CURSOR },
      state: { description: "Such as `running`.", example: "succeeded" },
    },
    success: "A page; `nextCursor` is null on the last one.",
    responses: { jobs: { summary: "A job that has ended", value: { jobs: [ENDED], nextCursor: JOB_CURSOR } } },
  },
  "GET /ingest/:id": {
    operationId: "getIngestion",
    tag: "Ingestion",
    summary: "See how far a job is",
    description: `As it is now or, with \`Accept: text/event-stream\`, as it goes on: a \`job\` event with the job as it stands, then \`file\` and \`progress\` as they happen,
and \`done\` with the finished job. For a job that has ended, \`done\` alone.`,
    parameters: { id: { description: "Of the job.", example: JOB_ID } },
    success: "The job, or its events.",
    responses: {
      succeeded: { summary: "A job that has ended", value: SUCCEEDED },
      running: { summary: "A job that runs", value: RUNNING },
    },
    events: {
      job: { summary: "First: the job as it stands", value: { event: "job", data: RUNNING } },
      file: { summary: "A file is done", value: { event: "file", data: ADDED } },
      progress: { summary: "How far it is", value: { event: "progress", data: { done: 21, total: 21 } } },
      done: { summary: "Last: the finished job", value: { event: "done", data: SUCCEEDED } },
    },
    errors: ["not_found"],
  },
  "GET /documents": {
    operationId: "listDocuments",
    tag: "Documents",
    summary: "List the documents",
    description: `In order of their paths, without their texts. Those outside of a key's folders do not exist for it.

Pages may be read while documents come and go: what was there all the time is listed exactly once.`,
    parameters: {
      limit: { description: "Documents at most.", example: 2 },
      cursor: { description: "`nextCursor` of the page before.", example: CURSOR },
      pathPrefix: { description: "Only documents whose path begins with it.", example: "archive/" },
    },
    success: "A page; `nextCursor` is null on the last one.",
    responses: { documents: { summary: "One document", value: { documents: [{ ...STORED, chunkCount: 6 }], nextCursor: CURSOR } } },
  },
  "POST /documents": {
    operationId: "uploadDocument",
    tag: "Documents",
    summary: "Upload a file",
    description: `The file itself is the body, whatever its type, as \`curl --data-binary @file\` sends it; a form is refused. It is kept durably below \`uploads/\`, in place of
what was there, and an ingestion that goes through it has begun. 403 for a path outside of a key's folders, 413 for more than \`MAX_UPLOAD_BYTES\`, 503 while
four others are being received.`,
    parameters: { path: { description: "Where it is to be, below `uploads/`.", example: "notes/tides.md" } },
    files: { "text/markdown": "# Tides\n\nThe spring tide covers the landing.\n", "application/octet-stream": "Any bytes." },
    success: "It is kept; `GET /ingest/{id}` tells how far its ingestion is.",
    responses: {
      receipt: {
        summary: "A note",
        value: { documentId: "doc_0d2f4c7a9b1e3d5f7a8c6b4e", path: "uploads/notes/tides.md", sizeBytes: 45, jobId: JOB_ID },
      },
    },
    headers: { Location: { description: "Where the job can be followed.", example: `/ingest/${JOB_ID}` } },
    errors: ["payload_too_large", "unsupported_media_type", "overloaded"],
  },
  "GET /documents/:id": {
    operationId: "getDocument",
    tag: "Documents",
    summary: "Read a document",
    description: "`text.slice(start, end)` equals the `quote` of every citation whose `contentHash` is this document's.",
    parameters: DOCUMENT,
    success: "The document with its stored text.",
    responses: { document: { summary: "A document", value: { ...STORED, text: `# ${TOWER.title}\n\n…` } } },
    errors: ["not_found"],
  },
  "DELETE /documents/:id": {
    operationId: "deleteDocument",
    tag: "Documents",
    summary: "Remove a document",
    description:
      "With its chunks and their index entries, and with its file if that was uploaded. A file of the documents folder is not touched: as long as it lies there, the next ingestion stores it again.",
    parameters: DOCUMENT,
    success: "What went, store by store.",
    responses: {
      receipt: {
        summary: "A document of six chunks",
        value: {
          documentId: DOCUMENT_ID,
          path: TOWER.path,
          rows: { documents: 1, chunks: 6 },
          upload: false,
          index: { chunks: 6 },
          vectors: { chunks: 6, embeddings: 6 },
        },
      },
    },
    errors: ["not_found"],
  },
};
