/** Finds the schemas that have a name, wherever they stand within others. */
import * as z from "zod";
import { schemaNames } from "../../api/schema-names.ts";

/** @throws Error when two schemas have one name. */
export function findNamedSchemas(roots: readonly z.ZodType[]): Readonly<Record<string, z.ZodType>> {
  const found: Record<string, z.ZodType> = {};
  const seen = new Set<z.core.$ZodType>();
  const visit = (schema: z.core.$ZodType): void => {
    if (seen.has(schema) || !(schema instanceof z.ZodType)) return;
    seen.add(schema);
    const name = schemaNames.get(schema)?.name;
    if (name !== undefined) {
      if (found[name] !== undefined) throw new Error(`two schemas have the name ${name}`);
      found[name] = schema;
    }
    for (const part of partsOf(schema)) visit(part);
  };
  for (const root of roots) visit(root);
  return found;
}

function partsOf(schema: z.ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) return Object.values(schema.shape);
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodUnion) return schema.options;
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) return [schema.unwrap()];
  return [];
}
