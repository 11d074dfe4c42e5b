/** Of the routes for sessions and feedback. */
import type { RouteDescriptions } from "../openapi/route-description.ts";
import { REQUEST_ID, SESSION_ID, TOWER } from "./example-values.ts";

const ID = { id: { description: "Of an answer: `sessionId`.", example: SESSION_ID } };
/** Of the session in the example. */
const CURSOR = "MTc2NzI1ODAwMDAxNiBkZGZlY2MzNy00ZGVkLTQzOGEtYTY3ZC1jMGU0NGQ3MmRhMTE";
const QUESTION = "When was the lamp lit for the first time?";
const FEEDBACK_ID = "3b6f0a52-58d4-4f0e-8f2b-0c1f6a1f9a11";

export const SESSIONS: RouteDescriptions = {
  "GET /sessions": {
    operationId: "listSessions",
    tag: "Sessions",
    summary: "List your sessions",
    description: "The most recently used first, page by page. One that is used meanwhile moves to the front; no session is listed twice.",
    parameters: {
      limit: { description: "Sessions in a page.", example: 1 },
      cursor: { description: "`nextCursor` of the page before.", example: CURSOR },
    },
    success: "A page; `nextCursor` is null on the last one.",
    responses: {
      sessions: {
        summary: "One session",
        value: {
          nextCursor: CURSOR,
          sessions: [
            {
              id: SESSION_ID,
              turnCount: 1,
              createdAt: "2026-01-01T09:00:00.000Z",
              updatedAt: "2026-01-01T09:00:00.016Z",
              lastQuestion: QUESTION,
            },
          ],
        },
      },
    },
  },
  "GET /sessions/:id": {
    operationId: "getSession",
    tag: "Sessions",
    summary: "Read a session",
    description: "With all turns that are kept.",
    parameters: ID,
    success: "The session.",
    responses: {
      session: {
        summary: "A session of one turn",
        value: {
          id: SESSION_ID,
          createdAt: "2026-01-01T09:00:00.000Z",
          updatedAt: "2026-01-01T09:00:00.016Z",
          turns: [
            {
              question: QUESTION,
              standaloneQuestion: QUESTION,
              answer: "The lamp was lit for the first time on 14 October 1912 by Edmund Sarr, the first head keeper. [1]",
              answerable: true,
              citedTitles: [TOWER.title],
              at: "2026-01-01T09:00:00.016Z",
            },
          ],
        },
      },
    },
    errors: ["not_found"],
  },
  "DELETE /sessions/:id": {
    operationId: "deleteSession",
    tag: "Sessions",
    summary: "Forget a session",
    description: "Its turns are gone; answers that are cached for other sessions stay.",
    parameters: ID,
    success: "It is forgotten.",
    errors: ["not_found"],
  },
  "POST /feedback": {
    operationId: "giveFeedback",
    tag: "Feedback",
    summary: "Judge an answer",
    description: "Send your own `id` to be able to send it again: the same id twice counts once.",
    requests: {
      up: { summary: "A good answer", value: { rating: "up" } },
      down: {
        summary: "A bad answer, told once",
        value: { id: FEEDBACK_ID, rating: "down", requestId: REQUEST_ID, sessionId: SESSION_ID, comment: "It was the second keeper." },
      },
    },
    success: "It is stored durably.",
    responses: { stored: { summary: "Stored", value: { id: FEEDBACK_ID, stored: true } } },
  },
};
