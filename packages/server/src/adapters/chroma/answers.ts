/** The answers of Chroma as far as they are used. The client passes on what it gets, whatever it is. */
import * as z from "zod";

export const versionAnswer = z.string().regex(/^\d+\.\d+\.\d+/);

export const limitsAnswer = z.object({ max_batch_size: z.int().positive(), supports_base64_encoding: z.boolean() });

export const collectionId = z.uuid();

/** What a collection of ours says of itself. */
export const collectionMetadata = z.object({
  format: z.literal(1),
  generation: z.int().positive(),
  embedderId: z.string(),
  dimensions: z.int().positive(),
});

export const idsAnswer = z.array(z.string());

/** Of one question: the ids of the nearest, and how far they are. */
export const nearestAnswer = z
  .object({ ids: z.tuple([z.array(z.string())]), distances: z.tuple([z.array(z.number())]) })
  .refine(({ ids, distances }) => ids[0].length === distances[0].length);
