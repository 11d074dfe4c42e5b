/** The derived stores: what they hold, building them anew, and the doctor that compares them with the record. */
import { array, nullable, number, object, optional, type Shape, string } from "../http/shape.ts";
import type { OpenUnion } from "../open-union.ts";

/** One build of the vectors. */
export interface VectorGeneration {
  readonly generation: number;
  readonly embedderId: string;
  readonly dimensions: number;
}

/** How the vectors are. */
export interface VectorStatus {
  readonly state: OpenUnion<"away" | "building" | "refused" | "serving" | "waiting">;
  readonly problem?: string | undefined;
  readonly live?: VectorGeneration | undefined;
  /** The generation one can switch back to. */
  readonly previous?: number | undefined;
  readonly building?: { readonly generation: number; readonly done: number; readonly total: number } | undefined;
  readonly chunks: number;
  readonly missing?: number | undefined;
}

/** What is searched in. Times are ISO 8601 in UTC. */
export interface IndexDescription {
  readonly search: {
    readonly documents: number;
    readonly chunks: number;
    readonly terms: number;
    readonly termSpace: number;
    readonly dimensions: number;
    readonly generation: number;
  };
  /** Null without a vector store and an embedding model. */
  readonly vectors: VectorStatus | null;
  /** The last time that vectors were built anew on demand. */
  readonly reindex: {
    readonly state: OpenUnion<"failed" | "running" | "succeeded">;
    readonly startedAt: string;
    readonly finishedAt: string | null;
    readonly error: string | null;
  } | null;
}

/** Where a store differs from the record. */
export interface DoctorFinding {
  readonly store: OpenUnion<"collections" | "embeddings" | "search index" | "vectors">;
  readonly kind: OpenUnion<"missing" | "refused" | "surplus" | "unreachable">;
  readonly count: number;
  /** A few of them. */
  readonly examples: readonly string[];
}

/** What the doctor has found, and repaired. */
export interface DoctorReport {
  readonly record: { readonly documents: number; readonly chunks: number };
  readonly examined: readonly OpenUnion<"collections" | "embeddings" | "search index" | "vectors">[];
  readonly findings: readonly DoctorFinding[];
  readonly repaired: readonly DoctorFinding[];
}

const generation: Shape<VectorGeneration> = object({ generation: number, embedderId: string, dimensions: number });

const vectors: Shape<VectorStatus> = object<VectorStatus>({
  state: string,
  problem: optional(string),
  live: optional(generation),
  previous: optional(number),
  building: optional(object({ generation: number, done: number, total: number })),
  chunks: number,
  missing: optional(number),
});

/** @internal */
export const indexShape: Shape<IndexDescription> = object<IndexDescription>({
  search: object({ documents: number, chunks: number, terms: number, termSpace: number, dimensions: number, generation: number }),
  vectors: nullable(vectors),
  reindex: nullable(object({ state: string, startedAt: string, finishedAt: nullable(string), error: nullable(string) })),
});

/** @internal */
export const liveShape: Shape<{ readonly live: VectorGeneration }> = object({ live: generation });

const finding: Shape<DoctorFinding> = object<DoctorFinding>({ store: string, kind: string, count: number, examples: array(string) });

/** @internal */
export const doctorShape: Shape<DoctorReport> = object<DoctorReport>({
  record: object({ documents: number, chunks: number }),
  examined: array(string),
  findings: array(finding),
  repaired: array(finding),
});
