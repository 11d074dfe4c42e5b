/** Of the routes for questions. */
import type { RouteDescriptions } from "../openapi/route-description.ts";
import { CONTENT_HASH, DOCUMENT_ID, REQUEST_ID, SESSION_ID, TOWER } from "./example-values.ts";

const LIT = "The lamp was lit for the first time on 14 October 1912 by Edmund Sarr, the first head keeper.";

const ANSWER = {
  answer: `${LIT} [1]`,
  answerable: true,
  answeredBy: "extractive",
  citations: [
    {
      number: 1,
      ...TOWER,
      headingPath: [TOWER.title, "First light"],
      chunkId: `${DOCUMENT_ID}.61163562.5`,
      contentHash: CONTENT_HASH,
      start: 1648,
      end: 1741,
      quote: LIT,
      score: 0.479,
    },
  ],
  nearMisses: [],
  sessionId: SESSION_ID,
  degraded: false,
  requestId: REQUEST_ID,
};

const REFUSAL = {
  ...ANSWER,
  answer: "This is not in your documents: nothing in them is evidence enough for an answer.",
  answerable: false,
  answeredBy: "gate",
  citations: [],
  nearMisses: [
    {
      documentId: "doc_4d3c33373dc4ab4b40f3806e",
      path: "handbook/kitchen.md",
      title: "The kitchen",
      headingPath: ["The kitchen", "Samphire soup"],
      start: 1022,
      end: 1261,
      text: "## Samphire soup\n\nIn June and July, rock samphire grows along the path to the landing. …",
      score: 0.176,
    },
  ],
};

const NOT_READY = {
  type: "urn:rag-personal:error:not_ready",
  title: "Not ready",
  status: 503,
  detail: "The server is stopping; ask again.",
  code: "not_ready",
  requestId: REQUEST_ID,
  retryAfterSeconds: 2,
};

export const CHAT: RouteDescriptions = {
  "POST /chat": {
    operationId: "ask",
    tag: "Questions",
    summary: "Ask a question",
    description: `A cited answer, whole or streamed. A refusal for want of evidence is a success, too: it is an answer, with \`answerable\` false.

With \`"stream": true\`, or with \`Accept: text/event-stream\`, the answer comes as events: \`session\`, \`sources\`, any number of \`delta\`, and \`done\` with the same
object as the whole answer; it alone says what was verified. \`error\` takes the place of what could not come. A stream that ends without \`done\` is
incomplete. What fails before the first event is an ordinary error response. Closing the connection cancels the work.`,
    requests: {
      question: { summary: "A question", value: { question: "When was the lamp lit for the first time?" } },
      followUp: { summary: "A follow-up in the same session", value: { question: "And who lit it?", sessionId: SESSION_ID } },
      streamed: { summary: "Streamed", value: { question: "Who designed the tower?", stream: true } },
      filtered: {
        summary: "Within one folder",
        value: { question: "What does a loaf of storm bread cost?", filters: { pathPrefixes: ["handbook/"] } },
      },
      refused: { summary: "Not in the documents", value: { question: "What is the boiling point of ethanol?" } },
    },
    success: "The answer, or its events.",
    responses: {
      answer: { summary: "A cited answer", value: ANSWER },
      refusal: { summary: "A refusal, with what came closest", value: REFUSAL },
    },
    events: {
      session: { summary: "First: the session", value: { event: "session", data: { sessionId: SESSION_ID } } },
      sources: {
        summary: "What the answer may cite",
        value: { event: "sources", data: { sources: [{ number: 1, ...TOWER, headingPath: [TOWER.title, "First light"], score: 0.479 }] } },
      },
      delta: { summary: "The next piece of the answer", value: { event: "delta", data: { text: `${LIT} [1]` } } },
      done: { summary: "Last: the whole answer", value: { event: "done", data: ANSWER } },
      error: { summary: "Or last: what went wrong", value: { event: "error", data: NOT_READY } },
    },
    errors: ["not_found", "request_timeout", "llm_failed", "not_ready", "llm_circuit_open", "llm_timeout"],
  },
  "POST /search": {
    operationId: "search",
    tag: "Questions",
    summary: "Search for passages",
    description: "Retrieval alone, without an answer.",
    requests: {
      search: { summary: "A search", value: { query: "storm bread", limit: 3 } },
      explained: { summary: "With the signals behind each score", value: { query: "storm bread", limit: 1, explain: true } },
      filtered: { summary: "Within one document", value: { query: "what it cost", filters: { documentIds: [DOCUMENT_ID] } } },
    },
    success: "The passages, best first.",
    responses: {
      hits: {
        summary: "One hit, explained",
        value: {
          hits: [
            {
              documentId: "doc_4d3c33373dc4ab4b40f3806e",
              chunkId: "doc_4d3c33373dc4ab4b40f3806e.1ba5d105.4",
              path: "handbook/kitchen.md",
              title: "The kitchen",
              headingPath: ["The kitchen", "Selling bread"],
              start: 1263,
              end: 1398,
              text: "## Selling bread\n\nVisitors may buy storm bread on Saturdays. A loaf costs 5 crowns, and the money goes into the tin for the goat's hay.",
              score: 0.515,
              explanation: { words: 1, characters: 1, semanticFine: 1, sentence: 0.777, title: 0.5, fused: 0.971, reranked: 0.515 },
            },
          ],
          degraded: false,
        },
      },
    },
    errors: ["not_ready"],
  },
};
