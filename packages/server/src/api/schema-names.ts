/** The names that documents of the API give to the schemas that several of its parts share. */
import * as z from "zod";

/** Beside zod's own registry, whose ids would become references in every JSON schema, also where each has to stand for itself. */
export const schemaNames = z.registry<{ readonly name: string }>();
