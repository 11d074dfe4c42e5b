/** What requests must look like. Unknown fields are refused, so that a misspelt one is noticed. */
import { z } from "zod";
import { CLIENT_OPERATIONS } from "../policy.ts";

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

const password = z.string().min(1).max(1_000);

export const passwordRequest = z.strictObject({ oldPassword: password, newPassword: password });

/** One spelling for each name, so that no two look alike. */
export const userRequest = z.strictObject({
  username: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or a digit"),
  email: z.email().max(200),
  password,
  isSuperuser: z.boolean().default(false),
});

/** With the slash at its end, `people/` cannot open `people-archive/`. */
const folder = z
  .string()
  .max(1_000)
  .regex(/^[^/\\]+(?:\/[^/\\]+)*\/$/, "must be a folder below the documents folder and end with a slash, such as handbook/")
  .refine((path) => path.split("/").every((name) => name !== "." && name !== ".."), "must not have . or .. in it")
  .refine((path) => path.isWellFormed() && !path.includes("\0"), "must be text without NUL");

const requests = z.int().min(1).max(1_000_000_000);

export const apiKeyRequest = z.strictObject({
  name: z
    .string()
    .max(100)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, "must be one line of text")
    .refine((name) => name.trim() !== "", "must not be empty"),
  operations: z
    .array(z.enum(CLIENT_OPERATIONS))
    .min(1)
    .default(() => [...CLIENT_OPERATIONS])
    .transform((operations) => [...new Set(operations)]),
  pathPrefixes: z.array(folder).min(1).max(50).optional(),
  requestsPerMinute: requests.optional(),
  requestsPerDay: requests.optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

export const listQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });
