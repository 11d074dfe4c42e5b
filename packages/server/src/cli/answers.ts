/** The server's answers, as far as the command reads them; what else a newer server says is passed on as it is. */
import * as z from "zod";

const finding = z.looseObject({ store: z.string(), kind: z.string(), count: z.number(), examples: z.array(z.string()) });
export type Finding = z.infer<typeof finding>;

export const doctorReport = z.looseObject({
  record: z.looseObject({ documents: z.number(), chunks: z.number() }),
  examined: z.array(z.string()),
  findings: z.array(finding),
  repaired: z.array(finding),
});
export type DoctorReport = z.infer<typeof doctorReport>;

export const indexDescription = z.looseObject({
  vectors: z
    .looseObject({
      live: z.looseObject({ generation: z.number(), embedderId: z.string() }).optional(),
      previous: z.number().optional(),
      building: z.looseObject({ generation: z.number(), done: z.number(), total: z.number() }).optional(),
    })
    .nullable(),
  reindex: z.looseObject({ state: z.string(), error: z.string().nullable() }).nullable(),
});
export type IndexDescription = z.infer<typeof indexDescription>;

export const tokenAnswer = z.looseObject({ access_token: z.string() });
export const problemAnswer = z.looseObject({ detail: z.string(), code: z.string() });
