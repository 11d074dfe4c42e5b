/** What requests must look like. Unknown fields are refused, so that a misspelt one is noticed. */
import { z } from "zod";

const identifier = z.string().min(1).max(200);

const filters = z.strictObject({
  pathPrefixes: z.array(z.string().min(1).max(1_000)).min(1).max(50).optional(),
  documentIds: z.array(identifier).min(1).max(200).optional(),
});

/** @param maxChars length in UTF-16 units (MAX_QUESTION_CHARS). */
const questionText = (maxChars: number) =>
  z
    .string()
    .max(maxChars, `must not be longer than ${maxChars} characters (MAX_QUESTION_CHARS)`)
    .refine((text) => text.trim() !== "", "must not be empty");

export const chatRequest = (maxQuestionChars: number) =>
  z.strictObject({
    question: questionText(maxQuestionChars),
    sessionId: identifier.optional(),
    stream: z.boolean().optional(),
    filters: filters.optional(),
  });

export const searchRequest = (maxQuestionChars: number) =>
  z.strictObject({
    query: questionText(maxQuestionChars),
    limit: z.int().min(1).max(100).default(10),
    filters: filters.optional(),
    explain: z.boolean().default(false),
  });

export const feedbackRequest = z.strictObject({
  id: z.uuid().optional(),
  rating: z.enum(["up", "down"]),
  requestId: identifier.optional(),
  sessionId: identifier.optional(),
  comment: z.string().max(5_000).optional(),
});

/** OAuth 2.0 password grant, RFC 6749 section 4.3; the fields beside name and password are accepted and not used. */
export const tokenRequest = z.object({
  username: z.string().min(1).max(200),
  password: z.string().min(1).max(1_000),
});

export const listQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });
